import type { WantedGroup, WantedPort } from '@sirocco/shared/wire/objects.ts'

/** Of all groups those that these ports are in, and those that their rules name. */
export function groupsOf(ports: readonly WantedPort[], all: readonly WantedGroup[]): WantedGroup[] {
  const own = new Set(ports.flatMap(({ groups = [] }) => groups))
  const named = new Set(all.filter(({ id }) => own.has(id)).flatMap(({ rules }) => rules.flatMap(({ group }) => group ?? [])))
  return all.filter(({ id }) => own.has(id) || named.has(id))
}
