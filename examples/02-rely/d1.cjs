var dservice = require('dservice')

var server = dservice('d1', {
  transform: function (s, cb) {
    cb(s.replace(/[aeiou]{2,}/, 'oo').toUpperCase())
  },
})
server.start()
