// Decompresses the parts of @sparticuz/chromium into $TARGET; called by __main__.py beside it.
import { createReadStream, createWriteStream } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress } from 'node:zlib'

const bin = join(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '..', 'bin')
const parts = { 'chromium.br': 'chrome', 'al2023.tar.br': 'al2023.tar', 'swiftshader.tar.br': 'swiftshader.tar' }

for (const [from, to] of Object.entries(parts)) {
  await pipeline(
    createReadStream(join(bin, from)),
    createBrotliDecompress(),
    createWriteStream(join(process.env.TARGET, to)),
  )
}
