# The guard of a sidecar's services on macOS, which has no /proc: guard.sh in the words of ps(1). One line after the other tells
# it what runs; when its input ends the sidecar has ended, and what still runs is asked to end, and killed when its grace is over. For
# any POSIX shell: nothing but builtins, ps(1), sleep(1) and date(1). Signals go to one process at a time, right behind a look at when
# it started.
#
#   add N ID SIGNAL GRACE GROUP   begins: GRACE in hundredths of a second; ID and GROUP mean nothing here; a second one for the
#                                 same N changes its GRACE
#   led N PID SECONDS             what was started; it leads a group of its own
#   own N PID SECONDS             belongs to it as well, whatever its group
#   del N                         nothing of it is left
#   guard PID SECONDS             who does all this first: whoever is told so is the deputy, and waits for the end of that one;
#                                 the last one told counts
#
# $1 $2 pid and start (epoch seconds) of the sidecar, before which nothing of ours started; $3 $4 of its host, where one is watched.

unset SIDEWARDEN_GUARD
# The times of ps are read: in no country's words, and in no zone but one.
export LC_ALL=C TZ=UTC0
since=$2 all=' ' watcher= guard= guard_seconds=

# Sets seconds to the epoch seconds of a ctime(3) date: month day hh:mm:ss year. Howard Hinnant's days_from_civil counts from March on.
epoch() {
  case $1 in
    Jan) month=13 ;; Feb) month=14 ;; Mar) month=3 ;; Apr) month=4 ;; May) month=5 ;; Jun) month=6 ;;
    Jul) month=7 ;; Aug) month=8 ;; Sep) month=9 ;; Oct) month=10 ;; Nov) month=11 ;; Dec) month=12 ;;
    *) return 1 ;;
  esac
  day=$2 year=$4 hours=${3%%:*} minutes=${3#*:} secs=${3##*:}
  minutes=${minutes%:*}
  [ "$month" -le 12 ] || year=$((year - 1))
  days=$((year * 365 + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day - 719469))
  # A leading zero would be octal.
  seconds=$(((days * 24 + ${hours#0}) * 3600 + ${minutes#0} * 60 + ${secs#0}))
}

# What ps says of $1 now: parent, group, state, seconds. False when there is none of that pid, or it has ended.
look() {
  line=$(/bin/ps -o ppid= -o pgid= -o state= -o lstart= -p "$1") || return 1
  set -- $line
  [ $# -ge 8 ] || return 1
  parent=$1 group=$2 state=$3
  case $state in Z*) return 1 ;; esac
  epoch "$5" "$6" "$7" "$8"
}

# Beside the guard: a sidecar that outlives its host by this much hangs, or was stopped. It is killed, and so its end noticed.
watch() {
  trap 'kill "$nap"; exit' TERM
  while :; do
    sleep 5 &
    nap=$!
    wait "$nap"
    look "$5" && [ "$seconds" = "$6" ] || exit
    look "$3" && [ "$seconds" = "$4" ] && continue
    sleep 10 &
    nap=$!
    wait "$nap"
    look "$1" && [ "$seconds" = "$2" ] && kill -s KILL "$1"
    exit
  done
}

# Sets members to "PID:SECONDS:N …", all that is there now.
find() {
  for n in $all; do
    eval "leader=\${pid_$n:-} was=\${seconds_$n:-}"
    # A number that another process has by now is no group of ours any more.
    if [ -n "$leader" ] && look "$leader" && [ "$seconds" != "$was" ]; then eval "led_$leader="; fi
  done
  members= others=
  table=$(/bin/ps -ax -o pid= -o ppid= -o pgid= -o state= -o lstart=)
  while read -r pid parent group state weekday date1 date2 date3 date4; do
    case $state in '' | Z*) continue ;; esac
    epoch "$date1" "$date2" "$date3" "$date4" && [ "$seconds" -ge "$since" ] || continue
    [ "$pid" != "$$" ] && [ "$parent" != "$$" ] && [ "$pid" != "$watcher" ] || continue
    owner
    if [ -n "$n" ]; then join "$pid" "$seconds"; else others="$others $pid:$seconds:$parent"; fi
  done <<END
$table
END
  grown=$members
  while [ -n "$grown" ]; do
    grown= rest=
    for one in $others; do
      pid=${one%%:*} parent=${one##*:} was=${one#*:}
      was=${was%:*}
      eval "n=\${own_$parent:-}"
      case " $members" in *" $parent:${n#* }:"*) ;; *) n= ;; esac
      if [ -n "$n" ] && [ "${n#* }" -le "$was" ]; then
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

# Sets n to the start that this line of ps belongs to; to nothing when it is none of ours, or none as far as is known.
owner() {
  eval "n=\${own_$pid:-}"
  case $n in *" $seconds") n=${n% *}; return ;; esac
  eval "n=\${led_$group:-}"
}

# Once found it stays a member, wherever it goes.
join() {
  eval "own_$1=\"\$n \$2\""
  members="$members $1:$2:$n"
}

# One step: everybody is asked once; whose grace is over is killed.
strike() {
  for one in $members; do
    pid=${one%%:*} n=${one##*:} was=${one#*:}
    was=${was%:*}
    eval "grace=\$grace_$n signal=\$signal_$n asked=\${asked_$pid:-}"
    look "$pid" && [ "$seconds" = "$was" ] || continue
    if [ "$waited" -ge "$grace" ]; then
      kill -s KILL "$pid"
    elif [ "$asked" != "$was" ]; then
      kill -s "$signal" "$pid"
      kill -s CONT "$pid"
      eval "asked_$pid=\$was"
    fi
  done
}

end_all() {
  longest=0
  for n in $all; do
    eval "grace=\$grace_$n"
    [ "$grace" -le "$longest" ] || longest=$grace
  done
  # However long the first look takes, everybody is asked before anybody is killed.
  find
  began=$(date +%s) waited=0 naps=0
  while [ -n "$members" ]; do
    # What is still there 20 s after it was killed sleeps in the kernel.
    [ "$waited" -le $((longest + 2000)) ] || break
    strike
    sleep 0.05 || sleep 1
    naps=$((naps + 5))
    # Whole seconds, the first of which may have been short; less than that is counted in naps.
    now=$(date +%s)
    waited=$(((now - began - 1) * 100))
    [ "$waited" -ge "$naps" ] || waited=$naps
    find
  done
}

# As deputy: until there is no guard, which may have died before its work was done. One that somebody has stopped goes on.
await_guard() {
  while [ -n "$guard" ] && look "$guard" && [ "$seconds" = "$guard_seconds" ]; do
    case $state in T*) kill -s CONT "$guard" ;; esac
    sleep 0.2 || sleep 1
  done
}

look "$$" && own=$seconds
if [ -n "${3:-}" ]; then
  watch "$1" "$2" "$3" "$4" "$$" "$own" < /dev/null &
  watcher=$!
fi
# A terminal's and a group's signals are not meant for it: its end is the end of its input.
trap '' INT TERM HUP QUIT TSTP TTIN TTOU USR1 USR2 PIPE ALRM

while read -r word n id signal grace rest; do
  case $word in
    add)
      case $all in *" $n "*) ;; *) all="$all$n " ;; esac
      eval "signal_$n=\$signal grace_$n=\$grace"
      ;;
    led)
      eval "pid_$n=\$id seconds_$n=\$signal led_$id=\$n"
      ;;
    own)
      eval "own_$id=\"\$n \$signal\""
      ;;
    del)
      case $all in *" $n "*) ;; *) continue ;; esac
      eval "leader=\${pid_$n:-}"
      all="${all%%" $n "*} ${all#*" $n "}"
      unset "signal_$n" "grace_$n" "pid_$n" "seconds_$n"
      [ -z "$leader" ] || eval "[ \"\${led_$leader:-}\" != $n ] || unset led_$leader"
      ;;
    guard)
      guard=$n guard_seconds=$id
      ;;
  esac
done

if [ "$all" != ' ' ]; then
  await_guard
  end_all
fi
[ -z "$watcher" ] || kill "$watcher"
exit 0
