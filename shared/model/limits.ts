import { hour, minute, second } from '../kit/clock.ts'
import { GiB, KiB, MiB, TiB } from '../kit/units.ts'

/** Every named limit, with what it protects beside it. Times in milliseconds, sizes in bytes. */
export const limits = {
  /** Subjects of one verb call: what one database batch and one answer carry comfortably. */
  bulk: 1_000,
  /** Rows of one page where the client does not say. */
  page: 100,
  /** Rows of one page at most, and of an answer without paging. */
  pageMax: 1_000,
  /** Of a request to any dialect. */
  requestBytes: 1 * MiB,
  /** Of user-data before base64, as EC2's. */
  userDataBytes: 16 * KiB,
  /** Tags of one resource, as EC2's. */
  tags: 50,
  /** Of what is imported or uploaded, and of the disk it is to a guest. */
  imageBytes: 64 * GiB,
  imageVirtualBytes: 2 * TiB,
  /** Of every uploaded part but the last. */
  uploadPart: 8 * MiB,
  /** An upload that is not finished within this time is dropped. */
  uploadWithin: 24 * hour,
  /** Of a converted image on its way to the blob store; R2 takes parts of 5 MiB to 5 GiB, all but the last of one size, 10,000 at most. */
  blobPart: 16 * MiB,
  /** Images of one project. */
  images: 500,
  /** Projects that one image is shared with. */
  imageShares: 100,
  /** After an image was deleted, before its bytes go: a launch that found it just before still has it. */
  imageLinger: 15 * minute,
  /** An image that is not fetched and converted within this time has failed. */
  imageImport: 6 * hour,
  /** From connecting to the whole of it, and without any byte. */
  imageFetch: 4 * hour,
  imageFetchIdle: 60 * second,
  /** Redirects that a fetch follows, each looked at like the first address. */
  fetchRedirects: 5,
  /** Of a file of checksums. */
  checksumFile: 1 * MiB,
  /** What qemu-img may take while it converts what anybody may have made: time, processor time, address space. */
  convert: 2 * hour,
  convertCpu: 2 * hour,
  convertMemory: 2 * GiB,
  /** Image files of a host go, longest unused first, while less than this is free of its pool: the smaller of bytes and share. */
  imageCacheFree: 20 * GiB,
  imageCacheFreeShare: 0.1,
  /** And while they are more than this share of it. */
  imageCacheShare: 0.5,
  /** Images that one agent converts at the same time. */
  converting: 2,
  /** Of one WebSocket message between agent and control plane. */
  frameBytes: 900 * KiB,
  /** Objects of one `desired` or `observed` frame; a larger set goes in several. So many fit `frameBytes` with user-data of full size in each. */
  frameObjects: 32,
  /** Agents that share one link object. */
  agentsPerLinkObject: 100,
  /** Between two pings of an agent. */
  beat: 10 * second,
  /** An agent that has not been heard from for this long is silent. */
  silence: 45 * second,
  /** After asking a guest to shut down, before the power is cut. */
  stopGrace: 60 * second,
  /** An operation that waits longer for its turn makes the control plane not ready: nobody works. */
  readyWithin: 5 * minute,
  /** Crashes within `crashWindow` after which a machine is reported failed. */
  crashes: 3,
  crashWindow: 10 * minute,
  /** A deleted machine stays visible (as terminated) for this long. */
  goneVisible: 1 * hour,
  /** Steps of one operation that one wake runs. */
  stepsPerWake: 16,
  /** Operations that one wake of an operations object runs. */
  operationsPerWake: 32,
  /** Tries of a step that is refused with `unavailable`, `stale` or `throttled`, with doubling pauses. */
  stepTries: 8,
  stepBackoff: 500,
  stepBackoffMax: 30 * second,
  /** A parked operation looks again by itself after this long, in case its wake was lost. */
  parkSweep: 30 * second,
  /** A machine that does not come to run within this time has failed. */
  launch: 15 * minute,
  /** Of one volume, MiB, as EC2's. */
  volumeMiB: 16 * 1024 * 1024,
  /** Volumes of one machine: the letters that device names have, but those of the disk it boots from and of its seed. */
  volumesOfMachine: 24,
  /** Of one volume that are kept at once: what a guest reads may have to be looked for in as many files. */
  snapshotsOfVolume: 32,
  /** Files that a volume has, those of deleted snapshots that could not be merged away yet among them, before it may have no more. */
  volumeLayers: 256,
  /** From the first to the last byte of two files of a volume that become one. */
  merge: 12 * hour,
  /** Address space of the program that does it, which keeps a stack for each of its many threads. */
  mergeMemory: 32 * GiB,
  /** Backups of one volume. */
  backupsOfVolume: 1_000,
  /** A backup that is not taken within this time has failed. */
  backup: 24 * hour,
  /** A gibibyte of a disk on its way from or to a backup. */
  backupWindow: 30 * minute,
  /** Objects of a deleted backup that one step looks at; then others have their turn. */
  backupReclaim: 2_000,
  /** After a backup came to nothing, before what was stored of it goes: what its host was just sending has come by then. */
  backupLinger: 15 * minute,
  /** Backups that one host's agent takes at the same time. */
  backingUp: 1,
  /** Between two looks at how far a hypervisor is with that. */
  mergeLook: 500,
  /** From the start of a machine in rescue until it is given its own disk: by then its guest has found the root that it is to boot from. */
  rescueBoot: 60 * second,
  /** From asking a guest to let go of a volume until that is given up. */
  letGo: 60 * second,
  /** Times that a launch looks for another place after its claim met `capacity`. */
  placementTries: 3,
  /** Tries of a verb whose batch is refused because something changed or was taken meanwhile. */
  commitTries: 8,
  /** Hosts that placement draws for each machine, to take the one with most room. */
  placementSpread: 3,
  /** Hosts that placement looks at first, at least; all of a zone only where these do not do. */
  placementWindow: 64,
  /** Hosts of one zone that placement looks at, at most. */
  placementHosts: 10_000,
  /** Addresses of a subnet that a launch looks at first, at least; all of the subnet only where too few of these are free. */
  addressWindow: 32,
  /** Placement groups of one project. */
  placementGroups: 500,
  /** Storage pools of all zones. */
  storagePools: 100,
  /** Of one Ceph, as a pool names them. */
  cephMonitors: 9,
  /** Subnets of a network. */
  subnetsOfNetwork: 64,
  /** The number of a deleted subnet in tunnels between hosts is given to no other for so long. */
  vniRest: 24 * 60 * minute,
  /** Between two looks of an agent at whether a pool's directory is on its host. */
  poolLook: 30 * second,
  /** Security groups of a network. */
  securityGroups: 500,
  /** Rules of a security group, both ways together. */
  rulesOfGroup: 120,
  /** Security groups of one network interface. */
  groupsOfPort: 5,
  /** What may be claimed of one unit that a host has. */
  ratioMin: 0.1,
  ratioMax: 64,
  /** Operations objects that operations are spread over, by hash of their subject. */
  operationObjects: 16,
  /** Rows one pass of a reconciler reads. */
  reconcilePage: 200,
  /** Rows one read of the feed takes. */
  feedPage: 500,
  /** Events are kept for this long; an older cursor gets `reset`. */
  eventRetention: 7 * 24 * hour,
  /** An idempotency token is remembered for this long. */
  tokenRetention: 24 * hour,
  /** A sign-in link, an enrolment token. */
  signInLink: 15 * minute,
  enrolment: 1 * hour,
  /** An enrolment token that an admin asks for, at most. */
  enrolmentMax: 24 * hour,
  /** From an admin's wish to the word of a host's management controller that it is off. */
  fence: 3 * minute,
  /** From an admin's wish to an agent that runs another bundle; a started bundle has to be live within the second. */
  upgrade: 10 * minute,
  upgradeLive: 60 * second,
  /** Of an agent's bundle. */
  bundleBytes: 64 * MiB,
  /** Between two looks whether a host that was switched off is off, and for how long. */
  powerLook: 1 * second,
  powerOff: 60 * second,
  /** That a key was copied is said again after this long. */
  cloneAgain: 1 * hour,
  /** A browser session without use. */
  session: 12 * hour,
  /** An invitation into a project, and how many are open in one. */
  invitation: 7 * 24 * hour,
  invitations: 200,
  /** Of a project, each told of an event within this time, then again after these: given up after about a day. */
  webhooks: 20,
  webhookTimeout: 10 * second,
  webhookPauses: [10 * second, minute, 5 * minute, 30 * minute, 2 * hour, 6 * hour, 12 * hour],
  /** Access keys of one person in one project. */
  accessKeys: 20,
  /** The last use of an access key is written down once in this. */
  keyUseNoted: 1 * hour,
  /** A console ticket, to its first use. */
  ticket: 60 * second,
  /** Unacknowledged bytes of a console stream, each way. */
  streamCredit: 256 * KiB,
  /** Of a picture of a screen: its base64 fits one frame. */
  screenshotBytes: 640 * KiB,
  /** How long an agent inside a guest may take to answer. Below `ask`. */
  guestAsk: 5 * second,
  /** Of what an agent inside a guest answers to one question. */
  guestAnswerBytes: 256 * KiB,
  /** Kept of a serial console's history. */
  consoleLog: 64 * KiB,
  /** The clock difference that a signed request may have (EC2's and the agents'). */
  clockSkew: 5 * minute,
  /** How long a question to an agent (console log) may take. */
  ask: 10 * second,
  /** An agent reads how busy its hosts and their machines are this often, and remembers so many readings of each: an hour. */
  sampleEvery: 10 * second,
  sampleRing: 360,
  /** One packed row of history a host is of so long a while; windows that an agent remembers until they are kept. */
  sampleWindow: 5 * minute,
  sampleWindows: 12,
  /** Agents tell their windows within this time of their end, so that not all tell at once. */
  sampleSpread: 60 * second,
  /** History is kept for this long. */
  sampleRetention: 14 * 24 * hour,
  /** Points of one answer at most. */
  samplePoints: 1_000,
  /** Looks at one report of an agent, where what it bears on changed between reading and writing. */
  observeLooks: 3,
  /** Machines nobody asked for that are noted of one host; more are not worth a row each. */
  orphans: 1_000,
  /** Ports, and volumes, that are told of one of them. */
  orphanParts: 32,
  /** Remembered nonces of an agent's signed upgrades: none counts twice within the clock's skew. */
  nonces: 512,
  /** Characters of a password that somebody chooses, at least. */
  passwordLength: 12,
  /** Passwords checked at once in one isolate (16 MiB each), and those that may wait for it. */
  passwordChecks: 2,
  passwordQueue: 16,
  /** Sign-ins that fail before the next from the same address has to wait: those to one account, those to any, those with a wrong code. */
  signInTries: 5,
  signInTriesOfAddress: 20,
  signInCodes: 10,
  /** The first such wait, doubled by each further failure up to the longest. What failed is forgotten after so long a time without another. */
  signInWait: 2 * second,
  signInWaitMost: 15 * minute,
  signInMemory: 1 * hour,
  /** From the password to the code of the second factor, and wrong codes on the way. */
  secondFactor: 5 * minute,
  secondFactorTries: 5,
  /** Passkeys of one person. */
  passkeys: 20,
  /** Where people may be signed in by somebody else who knows them, and what groups there give. */
  identityProviders: 20,
  identityGrants: 200,
  /** Groups of one person that are looked at. */
  identityGroups: 1_000,
  /** From leaving for an identity provider to coming back. */
  identityFlow: 10 * minute,
  /** Bytes of an answer from outside that is read: documents of an identity provider, its keys, tokens. */
  outwardAnswer: 256 * KiB,
  /** How one signs in is changed by who signed in no longer ago than this. */
  freshSession: 15 * minute,
  /** Codes that get somebody in who has lost their second factor. */
  recoveryCodes: 10,
  /** Of what a browser calls itself, as it is kept beside a session. */
  deviceLength: 200,
  /** The last use of a session is written down once in this. */
  sessionUseNoted: 5 * minute,
  /** Listeners of one project's feed, sockets and event streams together. */
  feedListeners: 500,
  /** A feed looks for events by itself this often while somebody listens, in case a poke was lost. */
  feedSweep: 5 * second,
  /** A listener comes back with its credentials after this long: whoever was signed out is heard of no longer. */
  feedLifetime: 1 * hour,
  /** Bytes that wait for a reader of an event stream at most; who is slower comes back with its cursor. */
  feedBacklog: 512 * KiB,
  /** Pages that one round of a feed reads at most; who is further behind is caught up by the next. */
  feedRound: 50,
  /** Pages that one answer reads at most where a filter leaves out most rows: then it is short, and goes on by its token. */
  filteredPages: 10,
  /** Tries to settle a batch whose answer was lost, with doubling pauses. */
  settleTries: 6,
  settlePause: 25,
  /** Set before a run of operations, so that one which dies in the middle is followed by another. */
  runGuard: 5 * second,
  /** A shard rests this many times as long as its last run took, and no longer than this: the busier all are, the more share a batch. */
  shardRest: 4,
  shardRestMax: 500,
  /** Observed objects that share a batch: some five statements each, of the few thousand that a batch may have. */
  turnObjects: 256,
  /** Keys that one joined read is asked for at most: what they ask for is held at once. */
  keysOfRead: 32,
  /** After a run that the database did not answer. */
  runRetry: 1 * second,
  /** Tags that one verb writes, of all its resources together: as many statements of one batch as database servers take. */
  bulkTags: 2_000,
  /** User-data that one launch writes, of all its machines together: a batch is one request to the database. */
  bulkUserData: 8 * MiB,
  /** Of the key that the two hosts of a move know each other by, in bytes. */
  moveSecret: 32,
  /** Until the host that a machine goes to has made room for it: an image may have to come first. */
  moveRoom: 15 * minute,
  /** Failed moves of a machine after which a maintenance takes it for one that cannot be moved. */
  maintenanceTries: 3,
  /** Machines that one maintenance moves at once. */
  maintenanceMoves: 2,
  /** Machines of a host that one preview or one step of a maintenance looks at. */
  maintenancePage: 500,
  /** Results and usage records kept on an agent's disk until acknowledged. */
  outbox: 10_000,
  /** Machines of one host that its agent works on at the same time; waiting ones do not count. */
  agentLanes: 4,
  /** An agent looks at everything again this often, in case a word was lost. */
  agentSweep: 60 * second,
  /** What is due when an agent is told to end is finished within this long, or left to its next life. Shorter than its supervisors' grace. */
  agentFarewell: 3 * second,
  /** A desired set that came in parts is taken as whole when no further part comes for this long. */
  partsHold: 250,
  /** After a change, before an agent makes networks that no machine waits for. */
  networksHold: 100,
  /** A guest that was still booting did not hear the power button: it is pressed again this often. */
  askAgain: 10 * second,
  /** Changes that an agent sees within this time go in one frame. */
  gather: 10,
  /** Beats without an answer after which an agent takes its link for dead. */
  missedBeats: 3,
  /** From dialling to the control plane's welcome. */
  welcomeWithin: 20 * second,
  /** Longer than this no control plane keeps an agent away. */
  byeRetry: 1 * hour,
  /** Reconnect pauses of an agent: doubling, with jitter. */
  reconnectFirst: 250,
  reconnectMax: 15 * second,

  // What is billed.

  /** An agent looks this often at what runs and lies on its hosts, and writes down what that came to this often. */
  usageLook: 10 * second,
  usageEvery: 15 * minute,
  /** Of a pause between two looks no more than this counts while the agent lives: its clock may have jumped. */
  usagePause: 60 * second,
  /** While it did not live, or its hypervisor did not answer: what is the same afterwards was there all the time, up to this. */
  usageGap: 7 * 24 * hour,
  /** Machines and volumes of one record. */
  usageItems: 1_000,
  /** Records that an agent keeps after they were acknowledged, two days of them, to tell them again to a control plane that was restored. */
  usageKept: 200,
  /** Hours of usage are added up into their day (UTC) after this long, and days are dropped after that. */
  usageHours: 7 * 24 * hour,
  usageRetention: 400 * 24 * hour,
  /** Prices of an instance, those that are over among them. */
  prices: 500,
  /** Between two looks at what a project with a budget spent. */
  spendingEvery: 5 * minute,
  /** Hours that one look at what no host reports catches up with. */
  usageCatchUp: 48,

  // What an agent does on its host.

  /** No program that an agent runs takes this long; one that does is killed. What it printed is waited for this long after its end. */
  program: 60 * second,
  programDrain: 2 * second,
  /** Of each output; a program that prints more is killed. */
  programOutput: 16 * MiB,
  /** A dnsmasq that does not end by SIGTERM within this time is killed. */
  dnsmasqEnd: 2 * second,
  /** Programs at once that look for open connections, and end them. */
  conntracksAtOnce: 4,
  /** The lowest number of a network in the tunnels between hosts that is given by itself. */
  vniFirst: 65_536,
  /** Pings of one network's guests that their gateway answers, per second. */
  gatewayPings: 50,
  /** A call to libvirt is given up after this long, and the connection with it: an answer that came later would belong to nobody. */
  libvirtCall: 60 * second,
  /** Starting a guest with much memory on a busy host takes long, as does a definition for which libvirt probes QEMU first. */
  libvirtLongCall: 5 * minute,
  /** Suspending takes as long as a large machine's memory takes to a slow disk. */
  libvirtSave: 30 * minute,
  /** Between two signs of life; twice as long without any and the connection is dead. */
  libvirtBeat: 10 * second,
  /** Calls under way at once; more is a fault of ours. And those of one listing: libvirtd serves five of one client at a time. */
  libvirtCalls: 1_024,
  libvirtAbreast: 5,
  /** Of written bytes that libvirtd has not taken yet; a stream that exceeds it is ended. */
  libvirtUnsent: 1 * MiB,
  /** Of a serial console's log on the host; a longer one is emptied at the next start. */
  consoleFile: 8 * MiB,
  /** Of code translated by QEMU's emulation, per guest, MiB; its own default takes up to 1 GiB. */
  translationCacheMiB: 32,
} as const
