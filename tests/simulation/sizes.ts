// How much the simulations do: `npm test` shows the same within seconds that `npm run test:long` shows in the sizes that are promised.
const isLong = process.env.LOAD === 'long'
const size = (name: string, long: number, short: number) => Number(process.env[name] ?? (isLong ? long : short))

export const sizes = {
  memorySteps: size('SIMULATION_STEPS', 100_000, 12_000),
  postgresSteps: size('SIMULATION_POSTGRES_STEPS', 20_000, 1500),
  kills: size('PROJECTOR_KILLS', 20, 3),
  changesEach: size('PROJECTOR_CHANGES', 250, 100),
  backlog: size('PROJECTOR_BACKLOG', 100_000, 300),
}

/** One that nobody chose; `SEED` repeats a run. */
export const drawn = Number(process.env.SEED ?? Date.now() % 1e9)
const known = [309_849_221, 1, 2]
/** In the long form 31 of them, which take four minutes. */
export const seeds =
  process.env.SEED === undefined ? [...known, ...Array.from({ length: isLong ? 27 : 0 }, (_, n) => drawn + 1 + n), drawn] : [drawn]
