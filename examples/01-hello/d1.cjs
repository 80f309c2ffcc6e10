// var dnode = require('dnode');
var dservice = require('dservice');

// var server = dnode({
var server = dservice('d1', {
  transform: function (s, cb) {
    cb(s.replace(/[aeiou]{2,}/, 'oo').toUpperCase());
  }
});
// server.listen(5004);
server.start();
