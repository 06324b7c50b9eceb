# The guard of a sidecar's services. One line after the other tells it what runs; when its input ends the sidecar has
# ended, and what still runs is asked to end, and killed when its grace is over. For any POSIX shell on Linux: nothing but
# builtins, cat(1), sleep(1) and rmdir(1). Signals go to one process at a time, right behind a look at when it started.
#
#   add N ID SIGNAL GRACE GROUP   begins: whatever carries SIDEWARDEN_START=ID, GRACE in hundredths of a second,
#                                 GROUP the directory of a cgroup that holds nothing else, or -; a second one for the
#                                 same N changes its SIGNAL and GRACE
#   led N PID TICKS               what was started; it leads a session of its own
#   own N PID TICKS               belongs to it as well, whatever its session and environment
#   del N                         nothing of it is left
#   guard PID TICKS               who does all this first: whoever is told so is the deputy, and waits for the end of that one;
#                                 the last one told counts
#
# $1 $2 pid and ticks of the sidecar, before which nothing of ours started; $3 $4 of its host, where one is watched.

unset SIDEWARDEN_GUARD
LC_ALL=C
since=$2 all=' ' ids=' ' watcher= guard= guard_ticks=

# What /proc/$1/stat says. The name in it may hold blanks, newlines and parentheses: the last ") " ends it.
look() {
  stat=
  while IFS= read -r line || [ -n "$line" ]; do stat="$stat$line "; done < "/proc/$1/stat" || return 1
  [ -n "$stat" ] || return 1
  set -- ${stat##*) }
  state=$1 parent=$2 group=$3 session=$4 threads=${18} ticks=${20}
}

# Whether the process that look() saw has ended: a leader may be a zombie while its threads live on.
ended() {
  case $state in X | x) return 0 ;; Z) [ "$threads" -le 1 ] ;; *) return 1 ;; esac
}

clock() {
  read -r now line < /proc/uptime
  now=${now%.*}${now#*.}
}

# Beside the guard: a sidecar that outlives its host by this much hangs, or was stopped. It is killed, and so its end noticed.
watch() {
  trap 'kill "$nap"; exit' TERM
  while :; do
    sleep 5 &
    nap=$!
    wait "$nap"
    look "$5" && [ "$ticks" = "$6" ] || exit
    look "$3" && [ "$ticks" = "$4" ] && ! ended && continue
    sleep 10 &
    nap=$!
    wait "$nap"
    look "$1" && [ "$ticks" = "$2" ] && kill -s KILL "$1"
    exit
  done
}

# Sets n to the start that $1 belongs to, as look() saw it; to nothing when it is none of ours.
owner() {
  eval "n=\${own_$1:-}"
  case $n in *" $ticks") n=${n% *}; return ;; esac
  eval "n=\${led_$session:-\${led_$group:-}}"
  [ -z "$n" ] || return
  eval "n=\${not_$1:-}"
  if [ "$n" = "$ticks" ] || ! [ -r "/proc/$1/environ" ]; then n=; return; fi
  n=
  variables=$(cat "/proc/$1/environ")
  case $variables in
    *SIDEWARDEN_START=*)
      id=${variables#*SIDEWARDEN_START=}
      id=${id%"${id#????????????????????????????????????}"}
      case $ids in *" $id="*) n=${ids#*" $id="}; n=${n%% *}; return ;; esac ;;
  esac
  # While it is replaced by exec it has none for a moment.
  [ -z "$variables" ] || eval "not_$1=\$ticks"
}

# All processes of a cgroup and of those below it belong to n.
gather() {
  while read -r pid; do
    look "$pid" && eval "own_$pid=\"\$n \$ticks\""
  done < "$1/cgroup.procs"
  for below in "$1"/*/; do
    [ -d "$below" ] && gather "${below%/}"
  done
}

# Sets members to "PID:TICKS:N …", all that is there now.
find() {
  for n in $all; do
    eval "leader=\${pid_$n:-} was=\${ticks_$n:-} cgroup=\$cgroup_$n"
    # A number that another process has by now is no session of ours any more.
    if [ -n "$leader" ] && look "$leader" && [ "$ticks" != "$was" ]; then eval "led_$leader="; fi
    [ "$cgroup" = - ] || gather "$cgroup"
  done
  members= others=
  for entry in /proc/[1-9]*; do
    pid=${entry#/proc/}
    look "$pid" && ! ended && [ "$ticks" -ge "$since" ] || continue
    [ "$pid" != "$$" ] && [ "$pid" != "$watcher" ] || continue
    owner "$pid"
    if [ -n "$n" ]; then join "$pid" "$ticks"; else others="$others $pid:$ticks:$parent"; fi
  done
  grown=$members
  while [ -n "$grown" ]; do
    grown= rest=
    for one in $others; do
      pid=${one%%:*} parent=${one##*:} was=${one#*:}
      was=${was%:*}
      eval "n=\${own_$parent:-}"
      if [ -n "$n" ] && look "$parent" && [ "$ticks" = "${n#* }" ] && [ "$ticks" -le "$was" ]; then
        n=${n% *}
        join "$pid" "$was"
        grown=yes
      else
        rest="$rest $one"
      fi
    done
    others=$rest
  done
}

# Once found it stays a member, wherever it goes.
join() {
  eval "own_$1=\"\$n \$2\""
  members="$members $1:$2:$n"
}

# One step: everybody is asked once; whose grace is over is killed.
strike() {
  for n in $all; do
    eval "grace=\$grace_$n cgroup=\$cgroup_$n"
    if [ "$cgroup" != - ] && [ "$waited" -ge "$grace" ]; then echo 1 > "$cgroup/cgroup.kill"; fi
  done
  for one in $members; do
    pid=${one%%:*} n=${one##*:} was=${one#*:}
    was=${was%:*}
    eval "grace=\$grace_$n signal=\$signal_$n asked=\${asked_$pid:-}"
    look "$pid" && [ "$ticks" = "$was" ] || continue
    if [ "$waited" -ge "$grace" ]; then
      kill -s KILL "$pid"
    elif [ "$asked" != "$was" ]; then
      kill -s "$signal" "$pid"
      kill -s CONT "$pid"
      eval "asked_$pid=\$was"
    fi
  done
}

# Deepest first. What is not empty stays, for whoever comes next.
remove() {
  for below in "$1"/*/; do
    [ -d "$below" ] && remove "${below%/}"
  done
  rmdir "$1"
}

end_all() {
  longest=0
  for n in $all; do
    eval "grace=\$grace_$n"
    [ "$grace" -le "$longest" ] || longest=$grace
  done
  # However long the first look takes, everybody is asked before anybody is killed.
  find
  clock
  began=$now
  while [ -n "$members" ]; do
    clock
    waited=$((now - began))
    # What is still there 20 s after it was killed sleeps in the kernel.
    [ "$waited" -le $((longest + 2000)) ] || break
    strike
    sleep 0.05 || sleep 1
    find
  done
  above=
  for n in $all; do
    eval "cgroup=\$cgroup_$n"
    [ "$cgroup" = - ] && continue
    remove "$cgroup"
    above=${cgroup%/*}
  done
  # With whatever else in there is empty: a start that came to nothing.
  [ -z "$above" ] || remove "$above"
}

# As deputy: until there is no guard, which may have died before its work was done. One that somebody has stopped goes on.
await_guard() {
  while [ -n "$guard" ] && look "$guard" && [ "$ticks" = "$guard_ticks" ] && ! ended; do
    case $state in T) kill -s CONT "$guard" ;; esac
    sleep 0.1 || sleep 1
  done
}

look "$$"
own=$ticks
if [ -n "${3:-}" ]; then
  watch "$1" "$2" "$3" "$4" "$$" "$own" < /dev/null &
  watcher=$!
fi
# A terminal's and a group's signals are not meant for it: its end is the end of its input.
trap '' INT TERM HUP QUIT TSTP TTIN TTOU USR1 USR2 PIPE ALRM

while read -r word n id signal grace cgroup; do
  case $word in
    add)
      case $all in *" $n "*) ;; *) all="$all$n " ids="$ids$id=$n " ;; esac
      eval "id_$n=\$id signal_$n=\$signal grace_$n=\$grace cgroup_$n=\$cgroup"
      ;;
    led)
      eval "pid_$n=\$id ticks_$n=\$signal led_$id=\$n"
      ;;
    own)
      eval "own_$id=\"\$n \$signal\""
      ;;
    del)
      case $all in *" $n "*) ;; *) continue ;; esac
      eval "id=\$id_$n leader=\${pid_$n:-}"
      all="${all%%" $n "*} ${all#*" $n "}" ids="${ids%%" $id="*} ${ids#*" $id=$n "}"
      unset "id_$n" "signal_$n" "grace_$n" "cgroup_$n" "pid_$n" "ticks_$n"
      [ -z "$leader" ] || eval "[ \"\${led_$leader:-}\" != $n ] || unset led_$leader"
      ;;
    guard)
      guard=$n guard_ticks=$id
      ;;
  esac
done

if [ "$all" != ' ' ]; then
  await_guard
  end_all
fi
[ -z "$watcher" ] || kill "$watcher"
exit 0
