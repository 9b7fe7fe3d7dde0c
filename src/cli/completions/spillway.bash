# bash completion for spillway

_spillway() {
  # The line as the program will see it: bash also breaks words at "=" and ":".
  local rest=$COMP_LINE piece i last
  local -a words=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    piece=${COMP_WORDS[i]}
    last=$((${#words[@]} - 1))
    if ((i > 0)) && [[ -n $piece && $rest != [[:space:]]* ]]; then
      words[last]+=$piece
    else
      words+=("$piece")
    fi
    rest=${rest#"${rest%%[![:space:]]*}"}
    rest=${rest#"$piece"}
  done
  # Only what follows the last break is replaced.
  local word=${words[${#words[@]} - 1]} kept
  piece=${COMP_WORDS[COMP_CWORD]}
  if [[ $piece == [=:] ]]; then kept=$word; else kept=${word%"$piece"}; fi

  local -a plain=("${words[@]//\\/}")
  local value description open=1
  COMPREPLY=()
  while IFS=$'\t' read -r value description; do
    [[ $value == *[/=,] ]] || open=0
    value=${value#"$kept"}
    [[ $value == *[[:space:]\\\"\'\$\`\&\;\(\)\<\>\|\*\?\[\]\{\}\!\#\~]* ]] && printf -v value %q "$value"
    COMPREPLY+=("$value")
  done < <("$1" complete -- "${plain[@]:1}" 2>/dev/null)
  ((open)) && compopt -o nospace 2>/dev/null
  return 0
}

complete -F _spillway spillway
