/** The trace context of a call, as W3C writes it. https://www.w3.org/TR/trace-context/#traceparent-header */

/** Version, trace id, parent id, flags; any other text is as none (section 3.2). */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

/** Whether this may be sent as the trace context of a call. */
export function isTraceparent(value: unknown): value is string {
  return typeof value === 'string' && TRACEPARENT.test(value)
}
