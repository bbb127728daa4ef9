import type { RouteName, Routes } from '@sirocco/shared/api/routes.ts'
import type { Handler } from './handler.ts'
import * as catalogue from './routes/catalogue.ts'
import * as history from './routes/history.ts'
import * as hosts from './routes/hosts.ts'
import * as keyPairs from './routes/key-pairs.ts'
import * as machines from './routes/machines.ts'
import * as sessions from './routes/sessions.ts'
import * as tags from './routes/tags.ts'

/** Who does what each route promises. */
export const handlers: { readonly [R in RouteName]: Handler<Routes[R]> } = {
  listMachines: machines.list,
  launchMachines: machines.launch,
  getMachine: machines.get,
  deleteMachine: machines.remove,
  startMachine: machines.start,
  stopMachine: machines.stop,
  migrateMachine: machines.migrate,
  rebootMachine: machines.reboot,
  getConsoleLog: machines.log,
  openConsole: machines.console,
  listKeyPairs: keyPairs.list,
  addKeyPair: keyPairs.add,
  deleteKeyPair: keyPairs.remove,
  listImages: catalogue.images,
  listFlavors: catalogue.flavors,
  listRegions: catalogue.regions,
  listNetworks: catalogue.networks,
  listOperations: history.operations,
  listEvents: history.events,
  listHosts: catalogue.hosts,
  getHostProjection: catalogue.hostProjection,
  previewMaintenance: hosts.preview,
  maintainHost: hosts.maintain,
  returnHost: hosts.giveBack,
  signIn: sessions.begin,
  getMe: sessions.me,
  signOut: sessions.end,
  listTags: tags.list,
  setTags: tags.set,
  unsetTags: tags.unset,
}
