var dservice = require('dservice')

var server = dservice('d2', {
  jsconf: function (cb) {
    server.dnodeFor('d1', function (err, remote, d) {
      if (err) return cb(err)
      remote.transform('rulez', function (s) {
        cb(s)
        d.end()
      })
    })
  },
})
server.rely('d1')
server.on('state', function (state) {
  console.log('d2 is ' + state)
})
server.start()
