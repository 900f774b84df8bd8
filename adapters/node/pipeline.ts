/**
 * Upgrades that arrive behind requests which are yet to be answered: responses leave in the order of the requests (RFC 9112, section 9.3.2).
 *
 * @module
 */

/** A response under way, `http.ServerResponse`. */
export interface ResponseUnderWay {
  once(event: "close", listener: () => void): unknown;
  emit(event: "drain"): unknown;
}

/** The `net.Socket` on which an upgrade came. */
export interface PipelinedSocket {
  /** The first of the responses to earlier requests. */
  readonly _httpMessage?: ResponseUnderWay | null;
  /** `null` until somebody reads. */
  readableFlowing: boolean | null;
  /** Goes on reading. */
  _read(size: number): void;
  on(event: "close" | "drain" | "error", listener: () => void): unknown;
  off(event: "drain", listener: () => void): unknown;
}

/**
 * Calls back once all earlier requests are answered, at once if there are none.
 *
 * @param strays Holds the socket meanwhile
 */
export function afterResponses(socket: PipelinedSocket, strays: Set<object>, then: () => void): void {
  if (!socket._httpMessage) return then();
  // What the server did for its sockets until the upgrade: a response that was held up goes on.
  const drain = (): void => void socket._httpMessage?.emit("drain");
  const next = (): void => {
    const response = socket._httpMessage;
    // Of several the next one has its turn when this one closes.
    if (response) return void response.once("close", next);
    socket.off("drain", drain);
    strays.delete(socket);
    // The server stops reading when its responses are not read; the listener by which it goes on was taken off for the upgrade.
    socket.readableFlowing = null;
    socket._read(0);
    then();
  };
  strays.add(socket);
  socket.on("drain", drain);
  socket.on("error", ignore);
  socket.on("close", () => strays.delete(socket));
  next();
}

// A peer that leaves; nobody else listens yet.
function ignore(): void {}
