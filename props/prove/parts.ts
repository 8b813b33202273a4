export const parts: readonly import('./part.js').Part[] = []
