//! Who may do what: one table, denied by default.
//!
//! The page docs/permissions.md is made from it; that operations ask for the right line of it is
//! held by a test with a matrix of its own (`tests/api/walk.rs`).

const YES: bool = true;
const NOT: bool = false;

/// What a caller is, in the whole gateway or in a team.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Of the platform: everything, everywhere.
    Admin,
    /// Of the platform: reads everything.
    Auditor,
    /// Of a team: everything of the team.
    Owner,
    /// Of a team: its objects.
    Maintainer,
    /// Of a team: looks at its objects.
    Developer,
}

impl Role {
    /// In the order of the table's columns.
    pub(crate) const ALL: [Self; 5] =
        [Self::Admin, Self::Auditor, Self::Owner, Self::Maintainer, Self::Developer];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Auditor => "auditor",
            Self::Owner => "owner",
            Self::Maintainer => "maintainer",
            Self::Developer => "developer",
        }
    }

    /// A role of the platform by its word.
    pub(crate) fn of_platform(word: &str) -> Option<Self> {
        [Self::Admin, Self::Auditor].into_iter().find(|role| role.as_str() == word)
    }

    /// A role in a team by its word.
    pub(crate) fn in_team(word: &str) -> Option<Self> {
        let roles = [Self::Owner, Self::Maintainer, Self::Developer];
        roles.into_iter().find(|role| role.as_str() == word)
    }

    /// Whether the table allows it to whoever has this role where it is asked for.
    pub(crate) fn allows(self, permission: Permission) -> bool {
        let column = Self::ALL.iter().position(|role| *role == self);
        column.is_some_and(|column| permission.columns()[column])
    }
}

macro_rules! permissions {
    ($($name:ident $word:literal seen_by $seen:ident [$($cell:ident)+] $about:literal;)+) => {
        /// One thing that may be done or not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Permission { $($name),+ }

        impl Permission {
            /// All of them, in the order of the table.
            pub(crate) const ALL: &[Self] = &[$(Self::$name),+];

            /// The word in documents.
            pub(crate) fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }

            /// What it is, as in "the caller may not …".
            pub(crate) fn about(self) -> &'static str {
                match self { $(Self::$name => $about),+ }
            }

            /// Who does not even have this is not told that there is anything.
            pub(crate) fn seen_by(self) -> Self {
                match self { $(Self::$name => Self::$seen),+ }
            }

            fn columns(self) -> [bool; 5] {
                match self { $(Self::$name => [$($cell),+]),+ }
            }
        }
    };
}

permissions! {
    //                                                                        admin auditor owner maintainer developer
    ReadGateway           "read_gateway"            seen_by ReadGateway          [YES YES NOT NOT NOT] "see how the gateway does";
    OperateGateway        "operate_gateway"         seen_by ReadGateway          [YES NOT NOT NOT NOT] "operate the gateway";
    ReadObjects           "read_objects"            seen_by ReadObjects          [YES YES YES YES YES] "see these objects";
    WriteObjects          "write_objects"           seen_by ReadObjects          [YES NOT YES YES NOT] "change these objects";
    PublishServices       "publish_services"        seen_by ReadObjects          [YES NOT YES NOT NOT] "publish, deprecate or retire these services";
    OperateObjects        "operate_objects"         seen_by ReadObjects          [YES NOT YES YES NOT] "operate these objects";
    MoveObjects           "move_objects"            seen_by ReadObjects          [YES NOT NOT NOT NOT] "give objects to another team";
    ReadUsers             "read_users"              seen_by ReadUsers            [YES YES NOT NOT NOT] "see other users";
    ManageUsers           "manage_users"            seen_by ReadUsers            [YES NOT NOT NOT NOT] "manage users";
    ReadTeams             "read_teams"              seen_by ReadTeams            [YES YES YES YES YES] "see this team";
    CreateTeams           "create_teams"            seen_by ReadTeams            [YES NOT NOT NOT NOT] "make and remove teams";
    ManageTeams           "manage_teams"            seen_by ReadTeams            [YES NOT YES NOT NOT] "change this team and who is in it";
    SetBudgets            "set_budgets"             seen_by ReadTeams            [YES NOT NOT NOT NOT] "set what teams may use up";
    ReadServiceAccounts   "read_service_accounts"   seen_by ReadServiceAccounts  [YES YES YES YES NOT] "see these service accounts";
    ManageServiceAccounts "manage_service_accounts" seen_by ReadServiceAccounts  [YES NOT YES NOT NOT] "manage these service accounts";
    ReadUsage             "read_usage"              seen_by ReadUsage            [YES YES YES YES YES] "see what was used";
    ReadApplications      "read_applications"       seen_by ReadApplications     [YES YES YES YES YES] "see these applications and what they have subscribed to";
    WriteApplications     "write_applications"      seen_by ReadApplications     [YES NOT YES YES YES] "change these applications, their credentials and subscriptions";
    DecideSubscriptions   "decide_subscriptions"    seen_by ReadApplications     [YES NOT YES YES NOT] "decide over subscriptions to these products";
    ReadAudit             "read_audit"              seen_by ReadAudit            [YES YES YES NOT NOT] "read this audit log";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_may_do_a_thing_may_see_it() {
        for permission in Permission::ALL {
            for role in Role::ALL.into_iter().filter(|role| role.allows(*permission)) {
                assert!(role.allows(permission.seen_by()), "{permission:?} {role:?}");
            }
        }
    }

    #[test]
    fn the_admin_may_everything_and_the_auditor_changes_nothing() {
        for permission in Permission::ALL {
            assert!(Role::Admin.allows(*permission), "{permission:?}");
            let is_reading = *permission == permission.seen_by();
            assert_eq!(Role::Auditor.allows(*permission), is_reading, "{permission:?}");
        }
    }
}
