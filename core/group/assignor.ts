/** A partition of a group, and the member it is assigned to now (0: none). */
export interface Assignable {
  readonly current: number
}

/**
 * Spreads partitions over members: counts differ by one at most, and a partition moves only if that
 * needs it (sticky). The same input gives the same result in every thread.
 *
 * @param members ids of the live members, in the order of their joining
 * @param partitions in the order of topic and partition
 * @returns for each partition the member it goes to, 0 if there are no members
 *
 * @example
 * assignPartitions([1, 2], [{ current: 1 }, { current: 1 }, { current: 1 }]) // [1, 1, 2]
 */
export function assignPartitions(
  members: readonly number[],
  partitions: readonly Assignable[],
): number[] {
  if (members.length === 0) return partitions.map(() => 0)
  const quotas = quotasOf(members, partitions)
  const result = partitions.map(({ current }) => {
    const left = quotas.get(current) ?? 0
    if (left === 0) return 0
    quotas.set(current, left - 1)
    return current
  })
  const takers = members.filter((member) => (quotas.get(member) as number) > 0)
  return result.map((member) => (member === 0 ? takeNext(quotas, takers) : member))
}

/** How many partitions each member gets. Who holds most keeps the odd ones: fewest moves. */
function quotasOf(
  members: readonly number[],
  partitions: readonly Assignable[],
): Map<number, number> {
  const held = (member: number) => partitions.filter(({ current }) => current === member).length
  const share = Math.floor(partitions.length / members.length)
  const odd = partitions.length % members.length
  const byHoldings = [...members].sort((a, b) => held(b) - held(a))
  return new Map(byHoldings.map((member, index) => [member, share + (index < odd ? 1 : 0)]))
}

/** The next member in turn whose quota is not used up. */
function takeNext(quotas: Map<number, number>, takers: number[]): number {
  const member = takers.shift() as number
  const left = (quotas.get(member) as number) - 1
  quotas.set(member, left)
  if (left > 0) takers.push(member)
  return member
}
