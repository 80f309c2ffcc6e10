/** Where long-lived objects report what they do; the library is silent unless it is given one. */

/** Facts that go with a message: plain data, never a secret. */
export type LogFields = Readonly<Record<string, unknown>>

/** pino's calling order, so that a pino logger can be passed as it is. */
export interface Logger {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
}

/** Says nothing: the default. */
export const silentLogger: Logger = Object.freeze({
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
})
