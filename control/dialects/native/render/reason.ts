import type { Reason } from '@sirocco/shared/api/text.ts'
import type { Fault } from '@sirocco/shared/kit/fault.ts'
import type { z } from 'zod'

/** A Fault that something ended with, without what is the operator's. */
export const reasonOf = (fault: Fault | null): z.output<typeof Reason> | null =>
  fault === null ? null : { code: fault.code, message: fault.message, ...keyOf(fault) }

/** The key of its message, where it has one. */
export const keyOf = ({ key, params }: Fault): { key?: string; params?: Record<string, string> } =>
  key === undefined ? {} : { key, params: { ...params } }
