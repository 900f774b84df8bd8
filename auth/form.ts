/**
 * How clients tell an authorization server who they are (RFC 6749, section 2.3.1). Browser-safe.
 *
 * @module
 */

/** Makes the `Authorization` header of a client: HTTP Basic, id and secret encoded as in a form before. */
export function toClientBasic(clientId: string, clientSecret: string): string {
  return `Basic ${btoa(`${encodeForm(clientId)}:${encodeForm(clientSecret)}`)}`;
}

function encodeForm(text: string): string {
  return new URLSearchParams({ _: text }).toString().slice(2);
}
