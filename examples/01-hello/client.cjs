var dservice = require('dservice');

var service = dservice();
service.dnodeFor('d1', function (err, remote, d) {
  remote.transform('beep', function (s) {
    console.log('beep => ' + s);
    d.end();
  });
});
