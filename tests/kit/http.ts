/** Requests of HTTP/1.1, written and read by hand. */
import { Buffer } from "node:buffer";

/** The first line and the headers of what was read. */
class HttpHead {
  /** The first line. */
  readonly line: string;
  /** As they came, in order; a name may come more than once. */
  readonly headers: readonly (readonly [string, string])[];

  constructor(head: string) {
    const [line = "", ...lines] = head.split("\r\n");
    this.line = line;
    this.headers = lines.map((header) => {
      const at = header.indexOf(":");
      return [header.slice(0, at), header.slice(at + 1).trim()] as const;
    });
  }

  /** The header of that name, whatever its case; of several the first. */
  header(name: string): string | undefined {
    return this.headerAll(name)[0];
  }

  /** All headers of that name. */
  headerAll(name: string): string[] {
    return this.headers.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  }
}

/** A response that was read. */
export class HttpResponse extends HttpHead {
  readonly status: number;
  readonly statusText: string;
  body: string = "";

  constructor(head: string) {
    super(head);
    const match = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(this.line);
    if (match === null) throw new Error(`Not a status line: ${JSON.stringify(this.line.slice(0, 80))}`);
    this.status = Number(match[1]);
    this.statusText = match[2] ?? "";
  }
}

/** A request that was read, without a body. */
export class HttpRequest extends HttpHead {
  readonly method: string;
  /** The path and the query, as they were sent. */
  readonly target: string;

  constructor(head: string) {
    super(head);
    const match = /^([A-Z]+) (\S+) HTTP\/1\.[01]$/.exec(this.line);
    if (match === null) throw new Error(`Not a request line: ${JSON.stringify(this.line.slice(0, 80))}`);
    this.method = match[1] ?? "";
    this.target = match[2] ?? "";
  }
}

/** Reads one response from a stream of bytes. */
export class ResponseReader {
  #bytes: Buffer = Buffer.alloc(0);
  #response: HttpResponse | undefined;
  readonly #bodiless: boolean;

  constructor(method: string) {
    this.#bodiless = method === "HEAD";
  }

  /** What came after the response. */
  get rest(): Buffer {
    return this.#bytes;
  }

  /** Takes bytes; gives the response once it is complete. */
  push(chunk: Buffer): HttpResponse | undefined {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    if (this.#response === undefined) {
      const end = this.#bytes.indexOf("\r\n\r\n");
      if (end === -1) return undefined;
      this.#response = new HttpResponse(this.#bytes.subarray(0, end).toString("latin1"));
      this.#bytes = this.#bytes.subarray(end + 4);
    }
    return this.#readBody(this.#response);
  }

  /** The stream has ended; gives the response if the end completes it. */
  end(): HttpResponse | undefined {
    const response = this.#response;
    if (response === undefined || response.header("content-length") !== undefined) return undefined;
    if (response.header("transfer-encoding") !== undefined) return undefined;
    response.body = this.#bytes.toString();
    return response;
  }

  #readBody(response: HttpResponse): HttpResponse | undefined {
    const { status } = response;
    if (this.#bodiless || status < 200 || status === 204 || status === 304) return response;
    if (response.header("transfer-encoding")?.toLowerCase() === "chunked") return this.#readChunks(response);
    const length = response.header("content-length");
    if (length === undefined || this.#bytes.length < Number(length)) return undefined;
    response.body = this.#bytes.subarray(0, Number(length)).toString();
    this.#bytes = this.#bytes.subarray(Number(length));
    return response;
  }

  #readChunks(response: HttpResponse): HttpResponse | undefined {
    const parts: Buffer[] = [];
    for (let at = 0; ; ) {
      const line = this.#bytes.indexOf("\r\n", at);
      if (line === -1) return undefined;
      const size = Number.parseInt(this.#bytes.toString("latin1", at, line), 16);
      const next = line + 2 + size + 2;
      if (Number.isNaN(size) || this.#bytes.length < next) return undefined;
      parts.push(this.#bytes.subarray(line + 2, next - 2));
      at = next;
      if (size > 0) continue;
      response.body = Buffer.concat(parts).toString();
      this.#bytes = this.#bytes.subarray(at);
      return response;
    }
  }
}
