// The SQL that lies in files of its own, one statement or one purpose a file. A bundle takes the folder `sql` along, beside itself.
import { readFileSync } from 'node:fs'

export const sqlText = (name: string): string => readFileSync(new URL(`./sql/${name}.sql`, import.meta.url), 'utf8')
