/**
 * Which addresses tokens and secrets may travel to.
 *
 * @module
 */

/** Tells whether what travels to this address cannot be read or changed on its way: by TLS, or because it does not leave the machine. */
export function isSafe(url: URL): boolean {
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}

// URLs write an IPv4 address in one way, however it was given.
function isLoopback(hostname: string): boolean {
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}
