/** One measure of one peer in a process of its own: `node measure.mjs <measure> <options as JSON>`; sends its figures. */
const [measure, options] = process.argv.slice(2)
const module = await import(new URL(`measures/${measure}.mjs`, import.meta.url).href)
const say = (text) => console.error(`  ${text}`)
try {
  process.send({ figures: await module[measure]({ ...JSON.parse(options), say }) })
} catch (error) {
  process.send({ error: error?.stack ?? String(error) })
}
process.disconnect()
