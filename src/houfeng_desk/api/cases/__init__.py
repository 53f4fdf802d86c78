"""Cases: the list and one of them, what is done on it, its documents and papers, figures over all of them."""

from houfeng_desk.api.cases import acting, figures, files, papers

ROUTERS = (figures.router, files.router, acting.router, papers.router)
