/** The slice of Bun's TCP sockets that the generator uses. */

export interface TcpSocket {
  /** Writes a part of `data` and returns how many bytes were taken. */
  write(data: Uint8Array, offset?: number, length?: number): number;
  terminate(): void;
}

export interface TcpHandlers {
  open?(socket: TcpSocket): void;
  data(socket: TcpSocket, chunk: Uint8Array): void;
  drain?(socket: TcpSocket): void;
  close(socket: TcpSocket): void;
  error?(socket: TcpSocket, error: Error): void;
  connectError?(socket: TcpSocket, error: Error): void;
}

interface Bun {
  connect(options: { hostname: string; port: number; socket: TcpHandlers }): Promise<TcpSocket>;
}

const { Bun } = globalThis as unknown as { Bun: Bun };

/** Connects, and calls the handlers of this one socket. */
export function connect(hostname: string, port: number, socket: TcpHandlers): Promise<TcpSocket> {
  return Bun.connect({ hostname, port, socket });
}
