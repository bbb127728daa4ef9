import type { RouteName, Routes } from '@sirocco/shared/api/routes.ts'
import type { Handler } from './handler.ts'
import * as catalogue from './routes/catalogue.ts'
import * as history from './routes/history.ts'
import * as hosts from './routes/hosts-lifecycle.ts'
import * as keyPairs from './routes/key-pairs.ts'
import * as machines from './routes/machines.ts'
import * as operations from './routes/operations.ts'
import * as placement from './routes/placement.ts'
import * as samples from './routes/samples.ts'
import * as sessions from './routes/sessions.ts'
import * as snapshots from './routes/snapshots.ts'
import * as tags from './routes/tags.ts'
import * as volumes from './routes/volumes.ts'

/** Who does what each route promises. */
export const handlers: { readonly [R in RouteName]: Handler<Routes[R]> } = {
  listMachines: machines.list,
  launchMachines: machines.launch,
  getMachine: machines.get,
  deleteMachine: machines.remove,
  startMachine: machines.start,
  stopMachine: machines.stop,
  rebootMachine: machines.reboot,
  pauseMachine: machines.pause,
  suspendMachine: machines.suspend,
  resumeMachine: machines.resume,
  rebuildMachine: machines.rebuild,
  snapshotMachine: machines.snapshot,
  revertMachine: machines.revert,
  listVolumes: volumes.list,
  createVolume: volumes.create,
  getVolume: volumes.get,
  deleteVolume: volumes.remove,
  attachVolume: volumes.attach,
  detachVolume: volumes.detach,
  growVolume: volumes.grow,
  revertVolume: volumes.revert,
  listSnapshots: snapshots.list,
  createSnapshot: snapshots.create,
  getSnapshot: snapshots.get,
  deleteSnapshot: snapshots.remove,
  renameMachine: machines.rename,
  protectMachine: machines.protect,
  resizeMachine: machines.resize,
  changeUserData: machines.userData,
  getConsoleLog: machines.log,
  getMachineSamples: samples.ofMachine,
  openConsole: machines.console,
  openScreen: machines.screen,
  getScreenshot: machines.screenshot,
  getGuest: machines.guest,
  setGuestPassword: machines.guestPassword,
  addGuestKey: machines.guestKey,
  recoverMachine: machines.recover,
  forgetMachine: machines.forget,
  listKeyPairs: keyPairs.list,
  addKeyPair: keyPairs.add,
  deleteKeyPair: keyPairs.remove,
  listPlacementGroups: placement.groups,
  addPlacementGroup: placement.addGroup,
  deletePlacementGroup: placement.removeGroup,
  listImages: catalogue.images,
  listFlavors: catalogue.flavors,
  listRegions: catalogue.regions,
  listNetworks: catalogue.networks,
  listOperations: history.operations,
  listStuckOperations: operations.stuck,
  getOperation: operations.get,
  retryOperation: operations.retry,
  cancelOperation: operations.cancel,
  resolveOperation: operations.resolve,
  listEvents: history.events,
  listHosts: catalogue.hosts,
  getHost: placement.host,
  changeHost: placement.changeHost,
  explainPlacement: placement.explain,
  getHostProjection: catalogue.hostProjection,
  getHostSamples: samples.ofHost,
  fenceHost: hosts.fence,
  setHostPower: hosts.power,
  removeHost: hosts.remove,
  listEnrolTokens: hosts.tokens,
  makeEnrolToken: hosts.makeToken,
  revokeEnrolToken: hosts.revokeToken,
  signIn: sessions.begin,
  getMe: sessions.me,
  signOut: sessions.end,
  listTags: tags.list,
  setTags: tags.set,
  unsetTags: tags.unset,
}
