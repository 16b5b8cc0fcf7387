//! The members of a message whose place the gateway wants to know: a table, level by level.

/// An object of a message whose members are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// The message itself.
    Top,
    /// `params`.
    Params,
    /// `params._meta`.
    Meta,
    /// `params.ref`, of a completion.
    Ref,
    /// `params.notifications`, of what is listened for.
    Filter,
    /// `result`.
    Result,
    /// `result._meta`.
    ResultMeta,
    /// `error`.
    Error,
}

impl Level {
    /// How many there are.
    pub const COUNT: usize = 8;

    /// All of them, each behind the one that it lies in.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Top,
        Self::Params,
        Self::Meta,
        Self::Ref,
        Self::Filter,
        Self::Result,
        Self::ResultMeta,
        Self::Error,
    ];

    /// The member that it is the value of.
    #[must_use]
    pub const fn holder(self) -> Option<Part> {
        match self {
            Self::Top => None,
            Self::Params => Some(Part::Params),
            Self::Meta => Some(Part::Meta),
            Self::Ref => Some(Part::Ref),
            Self::Filter => Some(Part::Filter),
            Self::Result => Some(Part::Result),
            Self::ResultMeta => Some(Part::ResultMeta),
            Self::Error => Some(Part::Error),
        }
    }
}

macro_rules! parts {
    ($($(#[doc = $doc:literal])* $part:ident = $level:ident $name:literal;)*) => {
        /// A member of a message.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Part {
            $($(#[doc = $doc])* $part,)*
        }

        impl Part {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$part),*];

            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();

            /// The object that it is a member of.
            #[must_use]
            pub const fn level(self) -> Level {
                match self { $(Self::$part => Level::$level,)* }
            }

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$part => $name,)* }
            }
        }
    };
}

parts! {
    /// The word for JSON-RPC.
    Jsonrpc = Top "jsonrpc";
    /// The id of a request, or of what is answered.
    Id = Top "id";
    /// What is asked for, or told.
    Method = Top "method";
    /// With what.
    Params = Top "params";
    /// What is answered.
    Result = Top "result";
    /// Why nothing is.
    Error = Top "error";

    /// The name of a tool or prompt.
    Name = Params "name";
    /// The URI of a resource.
    Uri = Params "uri";
    /// What a tool or prompt is called with.
    Arguments = Params "arguments";
    /// Where a list goes on.
    Cursor = Params "cursor";
    /// What is said beside.
    Meta = Params "_meta";
    /// The request that is cancelled.
    RequestId = Params "requestId";
    /// The request whose progress is told.
    ProgressOf = Params "progressToken";
    /// How important messages of the log must be, or one is.
    LogLevel = Params "level";
    /// The revision that a session is to have.
    Version = Params "protocolVersion";
    /// What a client can do.
    Capabilities = Params "capabilities";
    /// Who a client is.
    ClientInfo = Params "clientInfo";
    /// What is completed.
    Ref = Params "ref";
    /// The argument that is completed.
    Argument = Params "argument";
    /// That a task is wanted, or its terms.
    Task = Params "task";
    /// A task.
    TaskId = Params "taskId";
    /// Answers to what a server has asked.
    InputResponses = Params "inputResponses";
    /// What a server wants to be told again.
    RequestState = Params "requestState";
    /// What is listened for.
    Filter = Params "notifications";
    /// What is shown to a user, of an elicitation.
    ElicitationMode = Params "mode";

    /// What progress of this request is told with.
    ProgressToken = Meta "progressToken";
    /// The revision that this request is of.
    MetaVersion = Meta "io.modelcontextprotocol/protocolVersion";
    /// What its client can do.
    MetaCapabilities = Meta "io.modelcontextprotocol/clientCapabilities";
    /// Who its client is.
    MetaClientInfo = Meta "io.modelcontextprotocol/clientInfo";
    /// How important messages of the log must be.
    MetaLogLevel = Meta "io.modelcontextprotocol/logLevel";
    /// The request that listens.
    SubscriptionId = Meta "io.modelcontextprotocol/subscriptionId";

    /// Whether a prompt or a resource is meant.
    RefType = Ref "type";
    /// The prompt's name.
    RefName = Ref "name";
    /// The resource's template.
    RefUri = Ref "uri";

    /// Whether changes of tools are listened for.
    ToolsChanged = Filter "toolsListChanged";
    /// Whether changes of prompts are.
    PromptsChanged = Filter "promptsListChanged";
    /// Whether changes of resources are.
    ResourcesChanged = Filter "resourcesListChanged";
    /// The resources whose changes are.
    Subscriptions = Filter "resourceSubscriptions";

    /// What sort of result it is.
    ResultType = Result "resultType";
    /// What is said beside a result.
    ResultMeta = Result "_meta";
    /// Where the list goes on.
    NextCursor = Result "nextCursor";
    /// For how long it may be kept.
    TtlMs = Result "ttlMs";
    /// For whom it may be kept.
    CacheScope = Result "cacheScope";
    /// A list of tools.
    Tools = Result "tools";
    /// A list of resources.
    Resources = Result "resources";
    /// A list of templates of resources.
    ResourceTemplates = Result "resourceTemplates";
    /// A list of prompts.
    Prompts = Result "prompts";
    /// What a resource holds.
    Contents = Result "contents";
    /// What a tool says.
    Content = Result "content";
    /// What a prompt says.
    Messages = Result "messages";
    /// What a tool says, as its schema has it.
    StructuredContent = Result "structuredContent";
    /// Whether a tool has failed.
    IsError = Result "isError";
    /// The revision of a session.
    ResultVersion = Result "protocolVersion";
    /// The revisions that a server knows.
    SupportedVersions = Result "supportedVersions";
    /// What a server can do.
    ServerCapabilities = Result "capabilities";
    /// Who a server is.
    ServerInfo = Result "serverInfo";
    /// How a server is used.
    Instructions = Result "instructions";
    /// What a server asks.
    InputRequests = Result "inputRequests";
    /// What it wants to be told again.
    ResultState = Result "requestState";

    /// Who a server is, of the modern era.
    MetaServerInfo = ResultMeta "io.modelcontextprotocol/serverInfo";
    /// The request that has listened.
    ResultSubscriptionId = ResultMeta "io.modelcontextprotocol/subscriptionId";

    /// The code of an error.
    ErrorCode = Error "code";
    /// What it says.
    ErrorMessage = Error "message";
    /// What more is known of it.
    ErrorData = Error "data";
}

impl Part {
    /// The member of that name; none where it is not one of ours.
    #[must_use]
    pub fn of(level: Level, name: &str) -> Option<Self> {
        // By length first: most names are compared with none.
        Self::ALL.iter().copied().find(|part| {
            part.name().len() == name.len() && part.level() == level && part.name() == name
        })
    }

    /// The member that some readers would take that name for, which is not its.
    #[must_use]
    pub fn case_variant_of(level: Level, name: &str) -> Option<Self> {
        let folded = architrave_wire::strict::fold(name);
        Self::ALL.iter().copied().find(|part| {
            part.level() == level
                && part.name() != name
                && part.name().eq_ignore_ascii_case(&folded)
        })
    }

    /// The level that is its value.
    #[must_use]
    pub fn opens(self) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.holder() == Some(self))
    }

    /// The path to it, as `params._meta.progressToken`.
    #[must_use]
    pub fn path(self) -> String {
        match self.level().holder() {
            Some(holder) => format!("{}.{}", holder.path(), self.name()),
            None => self.name().to_owned(),
        }
    }
}
