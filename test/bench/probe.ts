import { connect } from 'node:net'

/** Run in a host: knocks at a closed port of a guest every few milliseconds, and prints when each knock that was answered was made. */
const [address = '', every = '5'] = process.argv.slice(2)
setInterval(() => {
  const at = Date.now()
  const knock = connect({ host: address, port: 9 })
  const late = setTimeout(() => knock.destroy(), 1_000)
  knock.on('error', error => {
    clearTimeout(late)
    // The guest's kernel refuses at once; anything else is no word of the guest.
    if ('code' in error && error.code === 'ECONNREFUSED') process.stdout.write(`${at}\n`)
  })
}, Number(every))
