# fish completion for spillway

function __spillway_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    $program complete -- $words "$word" 2>/dev/null
end

complete -c spillway -e
complete -c spillway -f -a '(__spillway_complete)'
