import { type MachineState, machineStates } from '@sirocco/shared/model/machines/states.ts'
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router'
import { Problem } from '../api/problem.ts'
import { queries, queryClient } from '../api/queries.ts'
import { Broken, NotFound } from './lost.tsx'
import { MachinesPage } from './machines.tsx'
import { Shell } from './shell.tsx'
import { SignInPage } from './sign-in.tsx'

export const sortKeys = ['name', 'state', 'flavor', 'zone', 'created'] as const
export type SortKey = (typeof sortKeys)[number]

/** What the machines page shows: in the address, so that a link in a ticket shows the same. */
export interface MachinesSearch {
  readonly q?: string
  readonly state?: MachineState
  readonly sort?: SortKey
  readonly down?: boolean
}

export const machineTabs = ['overview', 'usage', 'console', 'screen', 'log'] as const
export type MachineTab = (typeof machineTabs)[number]

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound, errorComponent: Broken })

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): { to?: string } => {
    const to = search.to
    // Only a path of ours: a link must not send anybody elsewhere after they signed in.
    return typeof to === 'string' && /^\/(?![/\\])/.test(to) ? { to } : {}
  },
  component: SignInPage,
})

const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  beforeLoad: async ({ location }) => {
    try {
      await queryClient.ensureQueryData(queries.me)
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.code !== 'unauthenticated') throw problem
      throw redirect({ to: '/sign-in', search: location.href === '/' ? {} : { to: location.href } })
    }
  },
  component: Shell,
  errorComponent: Broken,
})

const home = createRoute({
  getParentRoute: () => shell,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/machines', replace: true })
  },
})

const machines = createRoute({
  getParentRoute: () => shell,
  path: '/machines',
  validateSearch: (search: Record<string, unknown>): MachinesSearch => {
    const state = machineStates.find(word => word === search.state)
    const sort = sortKeys.find(word => word === search.sort)
    const q = search.q
    return {
      ...(typeof q === 'string' && q !== '' ? { q } : typeof q === 'number' ? { q: String(q) } : {}),
      ...(state ? { state } : {}),
      ...(sort ? { sort } : {}),
      ...(search.down === true ? { down: true } : {}),
    }
  },
  component: MachinesPage,
})

const launch = createRoute({
  getParentRoute: () => shell,
  path: '/machines/new',
  validateSearch: (search: Record<string, unknown>): { image?: string } =>
    typeof search.image === 'string' ? { image: search.image } : {},
  component: lazyRouteComponent(() => import('./launch.tsx'), 'LaunchPage'),
})

const machine = createRoute({
  getParentRoute: () => shell,
  path: '/machines/$machine',
  validateSearch: (search: Record<string, unknown>): { tab?: MachineTab } => {
    const tab = machineTabs.find(word => word === search.tab)
    return tab && tab !== 'overview' ? { tab } : {}
  },
  component: lazyRouteComponent(() => import('./machine.tsx'), 'MachinePage'),
})

const volumes = createRoute({
  getParentRoute: () => shell,
  path: '/volumes',
  component: lazyRouteComponent(() => import('./volumes.tsx'), 'VolumesPage'),
})

const images = createRoute({
  getParentRoute: () => shell,
  path: '/images',
  component: lazyRouteComponent(() => import('./images.tsx'), 'ImagesPage'),
})

const keyPairs = createRoute({
  getParentRoute: () => shell,
  path: '/key-pairs',
  component: lazyRouteComponent(() => import('./key-pairs.tsx'), 'KeyPairsPage'),
})

const networks = createRoute({
  getParentRoute: () => shell,
  path: '/networks',
  component: lazyRouteComponent(() => import('./networks.tsx'), 'NetworksPage'),
})

const securityGroups = createRoute({
  getParentRoute: () => shell,
  path: '/security-groups',
  component: lazyRouteComponent(() => import('./security-groups.tsx'), 'SecurityGroupsPage'),
})

const placementGroups = createRoute({
  getParentRoute: () => shell,
  path: '/placement-groups',
  component: lazyRouteComponent(() => import('./placement-groups.tsx'), 'PlacementGroupsPage'),
})

const people = createRoute({
  getParentRoute: () => shell,
  path: '/people',
  component: lazyRouteComponent(() => import('./people.tsx'), 'PeoplePage'),
})

const hosts = createRoute({
  getParentRoute: () => shell,
  path: '/hosts',
  component: lazyRouteComponent(() => import('./hosts.tsx'), 'HostsPage'),
})

const pools = createRoute({
  getParentRoute: () => shell,
  path: '/pools',
  component: lazyRouteComponent(() => import('./pools.tsx'), 'PoolsPage'),
})

const spending = createRoute({
  getParentRoute: () => shell,
  path: '/usage',
  component: lazyRouteComponent(() => import('./spending.tsx'), 'SpendingPage'),
})

const prices = createRoute({
  getParentRoute: () => shell,
  path: '/prices',
  component: lazyRouteComponent(() => import('./prices.tsx'), 'PricesPage'),
})

const settings = createRoute({
  getParentRoute: () => shell,
  path: '/settings',
  component: lazyRouteComponent(() => import('./settings.tsx'), 'SettingsPage'),
})

export const routeTree = root.addChildren([
  signIn,
  shell.addChildren([
    home,
    machines,
    launch,
    machine,
    volumes,
    images,
    keyPairs,
    networks,
    securityGroups,
    placementGroups,
    people,
    spending,
    prices,
    hosts,
    pools,
    settings,
  ]),
])

export const router = createRouter({ routeTree, defaultPreload: 'intent', scrollRestoration: true })

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
