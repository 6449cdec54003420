// Whether the gateway can run here. Under CI=true it has to.
import { findHaproxy } from '../scripts/world/engines.ts'

export const haproxyIsThere: boolean = (() => {
  try {
    return findHaproxy() !== ''
  } catch (error) {
    if (process.env.CI === 'true') throw error
    return false
  }
})()

/** Round trips of the world in tests: in their proportions, and short. */
export const shortDistances = { 'sa-na': 60, 'sa-eu': 80, 'sa-as': 100, 'na-eu': 30, 'na-as': 90, 'eu-as': 70 }
