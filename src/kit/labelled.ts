// The metrics of several processes as one page: each sample says whose it is, each family stands together under one heading.

/** `texts`: pages in Prometheus' text format, by the value of the label. Sums are left to whoever asks: of gauges they may be nonsense. */
export function labelled(label: string, texts: Readonly<Record<string, string>>): string {
  const families = new Map<string, { heading: string[]; samples: string[] }>()
  for (const [value, text] of Object.entries(texts)) {
    let family = { heading: [] as string[], samples: [] as string[] }
    for (const line of text.split('\n')) {
      const [, kind, name] = /^# (HELP|TYPE) (\S+)/.exec(line) ?? []
      if (name !== undefined) {
        family = families.get(name) ?? { heading: [], samples: [] }
        families.set(name, family)
        if (!family.heading.some((known) => known.startsWith(`# ${kind} `))) family.heading.push(line)
      } else if (line !== '' && !line.startsWith('#')) family.samples.push(withLabel(line, `${label}="${value}"`))
    }
  }
  return [...families.values()].map(({ heading, samples }) => `${[...heading, ...samples].join('\n')}\n`).join('\n')
}

/** The name ends where the labels or the value begin. */
function withLabel(sample: string, pair: string): string {
  const end = sample.search(/[{ ]/)
  return sample[end] === '{'
    ? `${sample.slice(0, end + 1)}${pair},${sample.slice(end + 1)}`
    : `${sample.slice(0, end)}{${pair}}${sample.slice(end)}`
}
