import { connect, createServer } from 'node:net'

/** Run in a test host: its 127.0.0.1:`port` is what listens at a UNIX socket outside, which no network namespace keeps apart. */
const [port, socket = ''] = process.argv.slice(2)
createServer(inner => {
  const outer = connect(socket)
  inner.pipe(outer).pipe(inner)
  for (const end of [inner, outer])
    end.on('error', () => {
      inner.destroy()
      outer.destroy()
    })
}).listen(Number(port), '127.0.0.1', () => process.stdout.write('listening\n'))
