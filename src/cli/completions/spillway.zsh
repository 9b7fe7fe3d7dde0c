#compdef spillway
# zsh completion for spillway

_spillway() {
  local -a given closed closed_shown open open_shown
  local line value shown found=1
  given=("${(@Q)words[2,CURRENT-1]}" "$PREFIX")
  for line in "${(@f)$("${(Q)words[1]}" complete -- "${given[@]}" 2>/dev/null)}"; do
    value=${line%%$'\t'*}
    [[ -n $value ]] || continue
    shown=$value
    [[ $line == *$'\t'?* ]] && shown="$value  -- ${line#*$'\t'}"
    if [[ $value == *[/=,] ]]; then
      open+=("$value")
      open_shown+=("$shown")
    else
      closed+=("$value")
      closed_shown+=("$shown")
    fi
  done
  (($#closed)) && compadd -l -d closed_shown -a closed && found=0
  (($#open)) && compadd -l -S '' -d open_shown -a open && found=0
  return found
}

# A file on the search path of functions is run at the first Tab; one that is sourced registers itself.
if [[ $funcstack[1] == _spillway ]]; then
  _spillway "$@"
else
  compdef _spillway spillway
fi
