internal import ArgumentParser

// What a shell offers on Tab. It runs these commands itself, so they must be quick and say nothing when they fail.
extension CompletionKind {
    /// The tokens that the person at the shell may use.
    static var tokenNames: CompletionKind { .shellCommand("tokenctl list 2>/dev/null | cut -d ' ' -f 1") }
    static var units: CompletionKind { .shellCommand("systemctl list-unit-files --no-legend --no-pager --type=service 2>/dev/null | cut -d ' ' -f 1") }
    static var users: CompletionKind { .shellCommand("cut -d : -f 1 /etc/passwd") }
}
