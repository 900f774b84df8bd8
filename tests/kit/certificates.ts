/** The certificates of the tests; `certificates/make.sh` says what they are and remakes them. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** What a folder of certificates holds. */
export type CertificateFile =
  | "ca.pem"
  | "ca-key.pem"
  | "server.pem"
  | "server-key.pem"
  | "server-key-encrypted.pem"
  | "server.p12"
  | "client.pem"
  | "client-key.pem"
  | "other-ca.pem"
  | "other-ca-key.pem"
  | "other-client.pem"
  | "other-client-key.pem";

/** The password of `server-key-encrypted.pem` and `server.p12`. */
export const password = "changeit";

/** Where a file lies. */
export function certificatePath(name: CertificateFile): string {
  return fileURLToPath(new URL(`certificates/${name}`, import.meta.url));
}

/** The PEM text of a file. */
export function pem(name: Exclude<CertificateFile, "server.p12">): string {
  return readFileSync(certificatePath(name), "utf8");
}
