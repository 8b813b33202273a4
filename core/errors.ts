/** Every error of Millrace has one of these codes; the list is closed. */
export type ErrorCode =
  | 'INVALID_OPTION'
  | 'UNKNOWN_OPTION'
  | 'UNKNOWN_TOPIC'
  | 'UNKNOWN_GROUP'
  | 'INVALID_KEY'
  | 'INVALID_VALUE'
  | 'INVALID_HEADERS'
  | 'INVALID_TIMESTAMP'
  | 'INVALID_PARTITION'
  | 'MESSAGE_TOO_LARGE'
  | 'MEMORY_TOO_SMALL'
  | 'UNDECODABLE_VALUE'
  | 'SEND_TIMEOUT'
  | 'SEND_ABORTED'
  | 'ENGINE_CLOSED'
  | 'PRODUCER_CLOSED'
  | 'CONSUMER_CLOSED'
  | 'CONSUMER_RUNNING'
  | 'GROUP_CONFLICT'
  | 'OFFSET_OUT_OF_RANGE'
  | 'HANDLER_NOT_LOADED'
  | 'HANDLER_INVALID'
  | 'CODEC_NOT_PORTABLE'
  | 'TOO_MANY_THREADS'
  | 'TOO_MANY_GROUPS'
  | 'CLOSE_TIMEOUT'
  | 'HANDLER_TIMEOUT'
  | 'UNRECOVERABLE'
  | 'RETRY_AFTER'

/**
 * An error with a stable `code`, the values it is about in `details`, and its `cause` where another
 * error lies behind it. The message names the field, the value and the limit.
 */
export class MillraceError extends Error {
  override readonly name: string = 'MillraceError'
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: ErrorCode,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.details = details
  }
}

/**
 * Thrown by a handler for a message that no retry can help: it goes to the dead letters at once.
 *
 * @example
 * if (!isValid(message.value)) throw new UnrecoverableError('delay out of range')
 */
export class UnrecoverableError extends MillraceError {
  override readonly name = 'UnrecoverableError'

  constructor(message = 'the handler refused this message', cause?: unknown) {
    super('UNRECOVERABLE', message, {}, cause)
  }
}

/**
 * Thrown by a handler that wants its next attempt after a given time instead of the group's
 * back-off. It counts as a failed attempt.
 */
export class RetryAfterError extends MillraceError {
  override readonly name = 'RetryAfterError'
  readonly delayMs: number

  /**
   * @param delayMs milliseconds until the next attempt: 0 or more, at most 2^31 - 1 count
   * @throws MillraceError `INVALID_OPTION`
   */
  constructor(delayMs: number, message = `the handler asked for a retry in ${delayMs} ms`) {
    super('RETRY_AFTER', message, { delayMs })
    if (!(delayMs >= 0)) {
      throw new MillraceError('INVALID_OPTION', `delayMs must be 0 or more, but is ${delayMs}`, {
        field: 'delayMs',
        received: delayMs,
      })
    }
    this.delayMs = delayMs
  }
}
