var dservice = require('dservice')

var service = dservice()
service.dnodeFor('d2', function (err, remote, d) {
  if (err) throw err
  remote.jsconf(function (s) {
    console.log('jsconf => ' + s)
    d.end()
  })
})
