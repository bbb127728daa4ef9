import type { Routes } from '@sirocco/shared/api/routes.ts'
import type { Usage as UsageJson } from '@sirocco/shared/api/samples.ts'
import { ok } from '@sirocco/shared/kit/fault.ts'
import { hostUsage, machineUsage, type Usage } from '../../../services/samples/read.ts'
import type { Handler } from '../handler.ts'
import { time } from '../render/time.ts'

type Query = Parameters<Handler<Routes['getMachineSamples']>>[0]['query']

const spanOf = ({ from, to, step }: Query) => ({
  ...(from === undefined ? {} : { from: Date.parse(from) }),
  ...(to === undefined ? {} : { to: Date.parse(to) }),
  ...(step === undefined ? {} : { step: step * 1_000 }),
})

const usageJson = ({ from, to, step, points, live }: Usage): UsageJson => ({
  from: time(from),
  to: time(to),
  step: step / 1_000,
  live,
  points: points.map(({ at, reading: [cpu, memoryBytes, diskReadRate, diskWriteRate, networkInRate, networkOutRate] }) => ({
    at: time(at),
    cpu,
    memoryBytes,
    diskReadRate,
    diskWriteRate,
    networkInRate,
    networkOutRate,
  })),
})

export const ofMachine: Handler<Routes['getMachineSamples']> = async ({ params, query }, { call }) => {
  const found = await machineUsage.call(call, { machine: params.id, ...spanOf(query) })
  return found.ok ? ok({ body: usageJson(found.value) }) : found
}

export const ofHost: Handler<Routes['getHostSamples']> = async ({ params, query }, { call }) => {
  const found = await hostUsage.call(call, { host: params.id, ...spanOf(query) })
  return found.ok ? ok({ body: usageJson(found.value) }) : found
}
