/** What customers send. */
export interface Order {
  readonly item: string
  readonly price: number
}

/** What comes of it. */
export interface Invoice {
  readonly text: string
  readonly total: number
}
