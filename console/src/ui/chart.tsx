// A line over time with its unit at the axis and its name where it ends, and the same as a table
// for whoever does not see it.
import { useEffect, useRef } from "react";
import uPlot from "uplot";

export type Line = { name: string; values: (number | null)[]; accent?: boolean };

/** Longer names are cut where a line ends; the table below has them whole. */
const NAME_MAX = 20;

const moment = (seconds: number, isLong: boolean) =>
  new Date(seconds * 1000).toLocaleString(
    document.documentElement.lang,
    isLong ? { month: "short", day: "numeric" } : { hour: "2-digit", minute: "2-digit", hour12: false },
  );

const token = (name: string) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export default function Chart({
  label,
  times,
  lines,
  unit,
  height = 200,
}: {
  label: string;
  /** Seconds since 1970. */
  times: number[];
  lines: Line[];
  unit: (value: number) => string;
  height?: number;
}) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    let plot: uPlot | undefined;
    const draw = () => {
      plot?.destroy();
      const [ink, muted, rule, clay] = ["ink", "muted", "rule", "clay"].map(token) as [
        string,
        string,
        string,
        string,
      ];
      const font = "12px 'Geist Variable', sans-serif";
      const names = lines.map((line) => (line.name.length > NAME_MAX ? `${line.name.slice(0, NAME_MAX - 1)}…` : line.name));
      // About as wide as the longest name is; a narrow window keeps most of itself for the lines.
      const room = Math.min(Math.max(24, ...names.map((name) => name.length * 7 + 16)), element.clientWidth / 3);
      plot = new uPlot(
        {
          width: element.clientWidth,
          height,
          legend: { show: false },
          padding: [12, room, 0, 0],
          cursor: { y: false, drag: { x: false, y: false } },
          scales: { y: { range: (_self, _min, max) => [0, Math.max(max * 1.1, 1)] } },
          axes: [
            {
              stroke: muted,
              font,
              grid: { show: false },
              ticks: { show: false },
              space: 64,
              values: (self, ticks) => {
                const isLong = (self.scales.x?.max ?? 0) - (self.scales.x?.min ?? 0) > 2 * 86_400;
                return ticks.map((tick) => moment(tick, isLong));
              },
            },
            {
              stroke: muted,
              font,
              size: 56,
              grid: { stroke: rule, width: 1 },
              ticks: { show: false },
              values: (_self, ticks) => ticks.map(unit),
            },
          ],
          series: [
            {},
            ...lines.map((line) => ({
              label: line.name,
              stroke: line.accent ? clay : ink,
              width: 1.5,
              spanGaps: true,
              // A line of one point is no line.
              points: { show: line.values.filter((value) => value !== null).length < 3 },
            })),
          ],
          hooks: {
            // The name stands where the line ends, so that no legend is needed.
            draw: [
              (self) => {
                const { ctx } = self;
                const ratio = devicePixelRatio;
                ctx.save();
                ctx.textAlign = "left";
                ctx.font = `${12 * ratio}px 'Geist Variable', sans-serif`;
                const places: number[] = [];
                for (const [index, line] of lines.entries()) {
                  const at = line.values.findLastIndex((value) => value !== null);
                  if (at < 0) continue;
                  const floor = self.bbox.top + self.bbox.height - 8 * ratio;
                  let y = Math.min(self.valToPos(line.values[at] ?? 0, "y", true), floor);
                  while (places.some((taken) => Math.abs(taken - y) < 14 * ratio)) y -= 14 * ratio;
                  places.push(y);
                  ctx.fillStyle = line.accent ? clay : ink;
                  const x = self.valToPos(times[at] ?? 0, "x", true);
                  ctx.fillText(names[index] ?? "", x + 6 * ratio, y + 4 * ratio);
                }
                ctx.restore();
              },
            ],
          },
        },
        [times, ...lines.map((line) => line.values)] as uPlot.AlignedData,
        element,
      );
    };
    draw();
    const sized = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height }));
    sized.observe(element);
    const themed = new MutationObserver(draw);
    themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      sized.disconnect();
      themed.disconnect();
      plot?.destroy();
    };
  }, [times, lines, unit, height]);
  return (
    <figure aria-label={label} className="relative">
      <div ref={place} aria-hidden />
      {/* A table is as tall as its rows whatever it is told, so it is what is around it that clips. */}
      <div className="sr-only">
      <table>
        <caption>{label}</caption>
        <thead>
          <tr>
            <th scope="col">time</th>
            {lines.map((line) => (
              <th key={line.name} scope="col">
                {line.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.map((time, at) => (
            <tr key={time}>
              <th scope="row">{new Date(time * 1000).toISOString()}</th>
              {lines.map((line) => (
                <td key={line.name}>{line.values[at] ?? ""}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      </div>
    </figure>
  );
}
