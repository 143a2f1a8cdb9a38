# Records of all kinds: quotes, line ends inside and outside, empty, wrong, too long, ragged.
BEGIN {
    srand(seed)
    printf "id,amount,text\r\n"
    for (i = 1; i <= rows; i++) {
        id = int(rand() * rows); amount = int(rand() * 100000) / 100 - 20
        k = int(rand() * 14)
        eol = rand() < 0.3 ? "\r\n" : "\n"
        if (k == 0) printf "%d,%.2f,\"say \"\"hi\"\", %d\"%s", id, amount, i, eol
        else if (k == 1) printf "%d,%.2f,\"two\n\nlines\r\n of %d\"%s", id, amount, i, eol
        else if (k == 2) printf "%d,x%.2f,wrong%s", id, amount, eol
        else if (k == 3) printf ",%.2f,no id%s", amount, eol
        else if (k == 4) printf "%d,%.2f%s", id, amount, eol
        else if (k == 5) printf "%d,%.2f,a,b%s", id, amount, eol
        else if (k == 6) { printf "%d,%.2f,", id, amount; for (j = 0; j < 30 + i % 40; j++) printf "long "; printf "%s", eol }
        else if (k == 7) printf "%d,%.2f,bare \"quote%s", id, amount, eol
        else if (k == 8) printf "%d,%.2f,\"\"%s", id, amount, eol
        else printf "%d,%.2f,plain %d%s", id, amount, i, eol
    }
    printf "%d,1.00,\"never closed\nnext,2,3\n", rows
}
