// The same call in six languages, with what the reader would have to fill in filled in.

export type Call = { method: string; url: string; headers: [string, string][]; body?: string };

const quote = (text: string) => JSON.stringify(text);
/** A word of a shell: in quotes that fill in `$KEY` and `$GATEWAY` where those are, else in such that fill in nothing. */
const shell = (text: string) =>
  /\$(KEY|GATEWAY)\b/.test(text) && !/["`\\]/.test(text) ? `"${text}"` : `'${text.replaceAll("'", "'\\''")}'`;
const capital = (text: string) => text.charAt(0) + text.slice(1).toLowerCase();

export const codeOf: Record<string, (call: Call) => string> = {
  curl: ({ method, url, headers, body }) =>
    [
      `curl ${method === "GET" ? "" : `-X ${method} `}${shell(url)}`,
      ...headers.map(([name, value]) => `-H ${shell(`${name}: ${value}`)}`),
      ...(body ? [`-d ${shell(body)}`] : []),
    ].join(" \\\n  "),
  JavaScript: ({ method, url, headers, body }) =>
    `const answer = await fetch(${quote(url)}, {
  method: ${quote(method)},
  headers: {
${headers.map(([name, value]) => `    ${quote(name)}: ${quote(value)},\n`).join("")}  },${body ? `\n  body: JSON.stringify(${indent(body, "  ")}),` : ""}
});
console.log(answer.status, await answer.text());`,
  Python: ({ method, url, headers, body }) =>
    `import urllib.request

request = urllib.request.Request(
    ${quote(url)},
    method=${quote(method)},
    headers={
${headers.map(([name, value]) => `        ${quote(name)}: ${quote(value)},\n`).join("")}    },${body ? `\n    data=${quote(body)}.encode(),` : ""}
)
with urllib.request.urlopen(request) as answer:
    print(answer.status, answer.read().decode())`,
  Go: ({ method, url, headers, body }) =>
    `package main

import (
	"fmt"
	"io"
	"net/http"${body ? '\n\t"strings"' : ""}
)

func main() {
	request, _ := http.NewRequest(${quote(method)}, ${quote(url)}, ${body ? `strings.NewReader(${quote(body)})` : "nil"})
${headers.map(([name, value]) => `	request.Header.Set(${quote(name)}, ${quote(value)})\n`).join("")}	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	fmt.Println(answer.StatusCode, string(text))
}`,
  Rust: ({ method, url, headers, body }) =>
    `// cargo add reqwest --features blocking
fn main() -> Result<(), reqwest::Error> {
    let answer = reqwest::blocking::Client::new()
        .request(reqwest::Method::${method}, ${quote(url)})
${headers.map(([name, value]) => `        .header(${quote(name)}, ${quote(value)})\n`).join("")}${body ? `        .body(${quote(body)})\n` : ""}        .send()?;
    println!("{} {}", answer.status(), answer.text()?);
    Ok(())
}`,
  Java: ({ method, url, headers, body }) =>
    `import java.net.URI;
import java.net.http.*;

class ${capital(method)} {
  public static void main(String[] args) throws Exception {
    var request = HttpRequest.newBuilder(URI.create(${quote(url)}))
${headers.map(([name, value]) => `        .header(${quote(name)}, ${quote(value)})\n`).join("")}        .method(${quote(method)}, HttpRequest.BodyPublishers.${body ? `ofString(${quote(body)})` : "noBody()"})
        .build();
    var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    System.out.println(answer.statusCode() + " " + answer.body());
  }
}`,
};

const indent = (text: string, by: string) => text.replaceAll("\n", `\n${by}`);
