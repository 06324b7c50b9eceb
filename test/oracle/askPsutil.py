# What psutil says of ports and processes, as JSON: askPsutil.py '{"ports": [8080], "pids": [42]}'.
import json, socket, sys
import psutil

asked = json.loads(sys.argv[1])


def holders():
    # The whole system names one owner of a socket that several share; so those who may share are asked one by one, too.
    for one in psutil.net_connections('inet'):
        yield one, one.pid
    for pid in asked['pids']:
        for one in psutil.Process(pid).net_connections('inet'):
            yield one, pid


def holds(one):
    is_udp = one.type == socket.SOCK_DGRAM
    return one.laddr and one.laddr.port in asked['ports'] and not one.raddr and (is_udp or one.status == psutil.CONN_LISTEN)


def describe(pid):
    process = psutil.Process(pid)
    with process.oneshot():
        return {
            'pid': pid,
            'ppid': process.ppid(),
            'name': process.name(),
            'commandLine': process.cmdline() if process.status() != psutil.STATUS_ZOMBIE else [],
            'startedAt': process.create_time() * 1000,
            'user': process.username(),
            'status': process.status(),
        }


rows = [['udp' if one.type == socket.SOCK_DGRAM else 'tcp', *one.laddr, pid] for one, pid in holders() if holds(one)]
print(json.dumps({'holders': rows, 'processes': [describe(pid) for pid in asked['pids']]}))
