// What a legacy server has sent, so that a client that was cut off can have the rest.

export class EventLog {
  #events = [];

  async storeEvent(stream, message) {
    this.#events.push({ stream, message });
    return String(this.#events.length);
  }

  async getStreamIdForEventId(id) {
    return this.#events[Number(id) - 1]?.stream;
  }

  async replayEventsAfter(last, { send }) {
    const { stream } = this.#events[Number(last) - 1];
    for (const [index, event] of this.#events.entries()) {
      const isMissed = index >= Number(last) && event.stream === stream;
      if (isMissed) {
        await send(String(index + 1), event.message);
      }
    }
    return stream;
  }
}
