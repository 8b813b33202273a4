/** Mutants that are no worse than the original, by what `nameOf` makes of them, and why. */
export const EQUIVALENT: ReadonlyMap<string, string> = new Map([])

/** Operations that no scenario comes by, by file and function, and why. */
export const UNREACHED: ReadonlyMap<string, string> = new Map([])
