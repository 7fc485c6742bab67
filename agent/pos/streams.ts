import type { ServerResponse } from "node:http";

/** One connected listener of Server-Sent Events (WHATWG HTML, section 9.2). */
export interface StreamClient {
  /** Sends one event with a JSON body; nothing after the client has gone. */
  send(event: string, body: unknown): void;
}

/** Starts feeding a client; the returned function stops it. */
export type OpenStream = (client: StreamClient) => () => void;

export interface Streams {
  /** False when the house is full; then nothing was written. */
  admit(response: ServerResponse, headers: Readonly<Record<string, string>>, open: OpenStream): boolean;
  size(): number;
  /** Ends every stream and stops the beat. */
  close(): void;
}

const mostClients = 32;
/** A client that leaves more than this unread is cut: it comes back and gets the present state. */
const mostUnreadBytes = 1_048_576;
/** The page calls the agent lost after 2.5 s of silence. */
const beatMs = 1_000;

export function createStreams(): Streams {
  const clients = new Map<ServerResponse, StreamClient>();
  const beat = setInterval(() => {
    for (const client of clients.values()) client.send("beat", {});
  }, beatMs);
  beat.unref();

  return {
    admit: (response, headers, open) => {
      if (clients.size >= mostClients) return false;
      response.writeHead(200, { ...headers, "content-type": "text/event-stream; charset=utf-8" });
      const client: StreamClient = {
        send: (event, body) => {
          if (response.destroyed || response.writableEnded) return;
          response.write(`event: ${event}\ndata: ${JSON.stringify(body)}\n\n`);
          if (response.writableLength > mostUnreadBytes) response.destroy();
        },
      };
      const stop = open(client);
      clients.set(response, client);
      response.once("close", () => {
        clients.delete(response);
        stop();
      });
      return true;
    },
    size: () => clients.size,
    close: () => {
      clearInterval(beat);
      for (const response of clients.keys()) response.end();
    },
  };
}
