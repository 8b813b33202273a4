/** What a sensor measured. */
export interface Reading {
  readonly minute: number
  readonly degrees: number
}
