//! Who looks at exchanges, and whether they are told where a service has its endpoints: that is what a
//! gateway keeps from callers.

use std::sync::Arc;

use architrave_config::object::ObjectKind;
use architrave_config::ports::DesiredPort;

use crate::api::Dependencies;
use crate::call::Call;
use crate::caller::Caller;
use crate::operation::Surface;
use crate::permission::Permission;

/// Who looks, and where.
pub(super) struct Eyes {
    desired: Arc<dyn DesiredPort>,
    caller: Caller,
    is_on_portal: bool,
}

impl Eyes {
    /// Those of a call.
    pub(super) fn of(dependencies: &Dependencies, call: &Call) -> Self {
        Self {
            desired: Arc::clone(&dependencies.desired),
            caller: call.caller.clone(),
            is_on_portal: dependencies.surface == Surface::Portal,
        }
    }

    /// Whether they may read the configuration of a service, and so know its endpoints already; of a
    /// service that is not there any more, by a role in the whole gateway.
    pub(super) fn see_endpoints_of(&self, service: &str) -> bool {
        if self.is_on_portal {
            return false;
        }
        let objects = self.desired.objects();
        let held = objects.get(ObjectKind::Service, service);
        let team = held.and_then(|held| held.object.body.get("team")?.as_str().map(str::to_owned));
        self.caller.may(Permission::ReadObjects, team.as_deref())
    }
}
