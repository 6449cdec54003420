// Starts this very process once more where its garbage collector would let a large heap grow to a multiple of what is in use.
//
// JavaScriptCore collects when the heap has grown by a share of what the last collection left: by 100 %, and by up to 200 % on a machine
// of more than 16 GiB. Answers in the response cache are part of that heap, so a cache of 512 MiB brought 1.5 GB of garbage with it. Only
// the environment can say otherwise, and only before the engine starts. 25 % makes a miss a fifth dearer (docs/performance.md), so a
// process with a small cache keeps the engine's own measure.
const growth = {
  BUN_JSC_heapGrowthMaxIncrease: '0.25',
  BUN_JSC_smallHeapGrowthFactor: '1.25',
  BUN_JSC_mediumHeapGrowthFactor: '1.25',
  BUN_JSC_largeHeapSize: String(128 * 2 ** 20), // below it there is no collection
}
const leastMib = 128

/** Before anything is loaded or open: same process id, same words, same standard streams. Whoever has set these variables is left alone. */
export function leanHeap(cacheMib: number): void {
  const { env, execve, execPath, execArgv, argv } = process
  if (!(cacheMib >= leastMib) || process.versions.bun === undefined || execve === undefined) return
  if (Object.keys(growth).some((name) => env[name] !== undefined)) return
  Object.assign(env, growth)
  try {
    execve(execPath, [execPath, ...execArgv, ...argv.slice(1)], env as Record<string, string>)
  } catch {
    // Where no program may be started, the heap grows as the engine likes. Children, who have the variables, do not try again.
  }
}
