/** Options may be given as `undefined`, which is as if they were left out, also where `exactOptionalPropertyTypes` is on. */
import type { SelfSignedJwtOptions, TokenEndpoint } from "../../../auth/client/mod.ts";
import type {
  BasicAuthOptions,
  FileUserStoreOptions,
  HashPasswordOptions,
  IntrospectionCache,
  IntrospectionOptions,
  ClientSecureSocket as IntrospectionSocket,
  JwtAuthOptions,
} from "../../../auth/mod.ts";
import type { HandlersOptions } from "../../../entries/bun.ts";
import type {
  AuthErrorOptions,
  ClientConfig,
  ClientHeartbeat,
  ClientSecureSocket,
  ClientWriteOptions,
  InvalidHandshakeOptions,
  PayloadBindingOptions,
  RequestErrorOptions,
  RetryConfig,
} from "../../../entries/client.ts";
import type { RunConfig } from "../../../entries/client_run.ts";
import type {
  DocumentOptions,
  Http1Settings,
  ListenerConfig,
  MutualSsl,
  OwnServerOptions,
  RequestLimits,
  SecureSocket,
  ServiceConfig,
  StopOptions,
  UpgradeConfig,
  UpgradeErrorOptions,
  WriteOptions,
} from "../../../mod.ts";
import type { AsyncApiOptions } from "../../../src/asyncapi/options.ts";
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
  Expect<Equal<Strict<DocumentOptions>, never>>,
  Expect<Equal<Strict<Http1Settings>, never>>,
  Expect<Equal<Strict<MutualSsl>, never>>,
  Expect<Equal<Strict<OwnServerOptions>, never>>,
  Expect<Equal<Strict<HandlersOptions>, never>>,
  Expect<Equal<Strict<RequestLimits>, never>>,
  Expect<Equal<Strict<StopOptions>, never>>,
  Expect<Equal<Strict<Omit<UpgradeErrorOptions, keyof ErrorOptions>>, never>>,
  Expect<Equal<Strict<AsyncApiOptions>, never>>,
  Expect<Equal<Strict<ClientHeartbeat>, never>>,
  Expect<Equal<Strict<ClientSecureSocket>, never>>,
  Expect<Equal<Strict<ClientWriteOptions>, never>>,
  Expect<Equal<Strict<Omit<AuthErrorOptions, keyof ErrorOptions>>, never>>,
  Expect<Equal<Strict<Omit<InvalidHandshakeOptions, keyof ErrorOptions>>, never>>,
  Expect<Equal<Strict<Omit<PayloadBindingOptions, keyof ErrorOptions>>, never>>,
  Expect<Equal<Strict<Omit<RequestErrorOptions, keyof ErrorOptions>>, never>>,
  Expect<Equal<Strict<FileUserStoreOptions>, never>>,
  Expect<Equal<Strict<HashPasswordOptions>, never>>,
  Expect<Equal<Strict<IntrospectionCache>, never>>,
  Expect<Equal<Strict<IntrospectionSocket>, never>>,
  Expect<Equal<Strict<SelfSignedJwtOptions>, never>>,
  Expect<Equal<Strict<TokenEndpoint>, never>>,
];
