// The dependencies of one process, each opened once by the engine that asks it, and how they are just now.
import { type Dependency, type OpenDependency, openDependency, type Policy } from '../kit/resilience.ts'
import { type DependencyName, policiesWith } from '../resilience.ts'
import type { Settings } from '../settings.ts'
import type { Surroundings } from './surroundings.ts'

export interface Dependencies {
  /** For an engine. `which` tells several of one kind apart: `replica-eu`. */
  of(name: DependencyName, which?: string): OpenDependency
  policies: Readonly<Record<DependencyName, Policy>>
  /** By name: the state of its breaker. */
  states(): Record<string, ReturnType<Dependency['state']>>
}

export function openDependencies({ RCR_BREAKER }: Pick<Settings, 'RCR_BREAKER'>, around: Surroundings): Dependencies {
  const policies = policiesWith(RCR_BREAKER)
  const opened = new Map<string, Dependency>()
  return {
    policies,
    of: (name, which) => (traits) => {
      const full = which === undefined ? name : `${name}-${which}`
      const dependency = openDependency(full, policies[name], around, traits)
      opened.set(full, dependency)
      return dependency
    },
    states: () => Object.fromEntries([...opened].map(([name, dependency]) => [name, dependency.state()])),
  }
}
