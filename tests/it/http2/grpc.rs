//! gRPC as other people's clients and servers speak it: all streaming shapes, metadata, statuses
//! in trailers, deadlines, cancellation.

use architrave_testkit::python::{self, PythonOrigin};
use architrave_testkit::{Config, Gateway, SOON, eventually};

#[test]
fn every_shape_of_a_call_passes() {
    let server = PythonOrigin::start("grpc_server.py", &[]);
    let config = Config::new()
        .web()
        .upstream("echo", &[server.addr()], "protocol: h2c")
        .route("echo", "match: [{ path: { prefix: /test.Echo } }]\nservice: echo\ntimeout: 5s");
    let gateway = Gateway::start(config);
    let said = python::run("grpc_client.py", &[&gateway.web().to_string()]);
    assert_eq!(said.trim(), "ok");
    eventually("cancelled calls end at the server", SOON, || {
        let ends = server.output.lines().iter().filter(|line| *line == "cancelled").count();
        (ends == 2).then_some(())
    });
}
