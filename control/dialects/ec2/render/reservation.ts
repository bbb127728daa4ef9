import type { Machine } from '../../../domain/machines/machine.ts'
import type { Xml } from '../xml.ts'
import { renderInstance } from './instance.ts'

export const renderReservation = (reservation: string, machines: readonly Machine[]) => ({
  reservationId: reservation,
  ownerId: machines[0]?.account,
  groupSet: [],
  instancesSet: machines.toSorted((a, b) => a.launchIndex - b.launchIndex).map(renderInstance),
})

/** Machines of one launch stand together, in the order of their first. */
export const renderReservations = (machines: readonly Machine[]): readonly Xml[] =>
  [...Map.groupBy(machines, machine => machine.reservation)].map(([reservation, members]) =>
    renderReservation(reservation, members),
  )
