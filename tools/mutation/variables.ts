/** Variables of the environment by which the runner speaks to the hook. */
export const COVERAGE_VARIABLE = 'MUTATION_COVERAGE_FILE'
export const HIT_LIMIT_VARIABLE = 'MUTATION_HIT_LIMIT'
