/** Options may be given as `undefined`, which is as if they were left out, also where `exactOptionalPropertyTypes` is on. */
import type { BasicAuthOptions, IntrospectionOptions, JwtAuthOptions } from "../../../auth/mod.ts";
import type { ClientConfig, RetryConfig } from "../../../entries/client.ts";
import type { RunConfig } from "../../../entries/client_run.ts";
import type { ListenerConfig, SecureSocket, ServiceConfig, UpgradeConfig, WriteOptions } from "../../../mod.ts";
import type { RequestOptions, StreamOptions } from "../../../src/contract/client/typed_methods.ts";
import type { ConnectOptions, PairOptions } from "../../../src/testing/mod.ts";
import type { Equal, Expect } from "./expect.ts";

/** The optional members that cannot be given as `undefined`. */
type Strict<Options> = {
  [Name in keyof Options]-?: undefined extends Required<Options>[Name] ? never : Name;
}[keyof { [Name in keyof Options as object extends Pick<Options, Name> ? Name : never]: unknown }];

export type Given = [
  Expect<Equal<Strict<{ a: string; b?: string; c?: string | undefined }>, "b">>,
  Expect<Equal<Strict<ServiceConfig>, never>>,
  Expect<Equal<Strict<UpgradeConfig>, never>>,
  Expect<Equal<Strict<ListenerConfig>, never>>,
  Expect<Equal<Strict<SecureSocket>, never>>,
  Expect<Equal<Strict<WriteOptions>, never>>,
  Expect<Equal<Strict<ClientConfig>, never>>,
  Expect<Equal<Strict<RetryConfig>, never>>,
  Expect<Equal<Strict<RunConfig>, never>>,
  Expect<Equal<Strict<RequestOptions>, never>>,
  Expect<Equal<Strict<StreamOptions>, never>>,
  Expect<Equal<Strict<PairOptions>, never>>,
  Expect<Equal<Strict<ConnectOptions>, never>>,
  Expect<Equal<Strict<BasicAuthOptions>, never>>,
  Expect<Equal<Strict<JwtAuthOptions>, never>>,
  Expect<Equal<Strict<IntrospectionOptions>, never>>,
];
