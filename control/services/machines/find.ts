import { MachineRefs } from '../inputs.ts'
import { read } from '../verb.ts'

/** In the order asked; `not_found` names the first that is not to be seen here. */
export const findMachines = read('machines.list', {
  input: MachineRefs,
  run: ({ store, scope }, { machines }) => store.machines.find(scope, machines),
})
