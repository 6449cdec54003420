// Parts of the system without the rest, for the command line.
import type { Master } from '../ports/master.ts'
import type { Auth } from '../services/auth/auth.ts'
import { emailClaim } from '../services/auth/mail.ts'
import { openProject, type Project } from '../services/project/project.ts'
import { importLensfun as importInto, type LensfunImport } from '../services/write/lensfun.ts'
import { type Seeding, seedReviews } from '../services/write/seed-reviews.ts'
import type { Settings } from '../settings.ts'
import { openEngines, openReplicas } from './engines.ts'
import { openMaster } from './master.ts'
import { openAuthOver } from './services.ts'
import type { Surroundings } from './surroundings.ts'

export type { FirstShop } from '../services/shop/first-shop.ts'
export type { FirstData } from '../services/write/first-data.ts'
export type { LensfunEntry } from '../services/write/lensfun.ts'

/** The projector beside a running system or alone, for the command line. It verifies all databases that there are. */
export async function openProjector(settings: Settings, around: Surroundings, stack: AsyncDisposableStack) {
  const { master, projection } = await openEngines(settings, 'beside', around, stack)
  const project = openProject({ master, projection, ...around })
  return {
    ...project,
    async verify(watching: Parameters<Project['verify']>[0]) {
      const { primary, replicas } = await openReplicas(settings, around, stack)
      return { ...(await project.verify(watching, replicas)), region: primary }
    },
  }
}

/** Accounts over the master alone, for the command line. */
export async function openAccounts(settings: Settings, around: Surroundings, stack: AsyncDisposableStack): Promise<Auth> {
  const master = await openMaster(settings, around)
  stack.defer(() => master.close())
  return openAuthOver(master, settings.RCR_PUBLIC_URL ?? 'http://localhost', around)
}

/** Invented reviews, over the master alone. */
export async function seedMaster(settings: Settings, around: Surroundings, wanted: Omit<Seeding, 'master' | 'clock' | 'log'>) {
  const master = await openMaster(settings, around)
  return seedReviews({ ...around, ...wanted, master }).finally(() => master.close())
}

/** Cameras and lenses of the lensfun database, over the master alone. */
export async function importLensfun(settings: Settings, around: Surroundings, wanted: Omit<LensfunImport, 'master' | 'clock'>) {
  const master = await openMaster(settings, around)
  return importInto({ ...around, ...wanted, master }).finally(() => master.close())
}

export const hasAccount = async (master: Master, email: string): Promise<boolean> => (await master.owner(emailClaim(email))) !== null
